import type { Series } from '../../../shared/google/monitoring.ts';
import { addSteps, type NatTraffic, type Steps, type VmTraffic } from './facts.ts';
import { ON_VM, TYPE, VM, ZONE, type Metrics, type NotePartial } from './metrics.ts';

const NAT_SENT = 'compute.googleapis.com/nat/sent_bytes_count';
const NAT_RECEIVED = 'compute.googleapis.com/nat/received_bytes_count';

/** Bytes of each VM, by kind of destination. */
export async function readVmTraffic(
  metrics: Metrics,
  metricType: string,
  partial: NotePartial,
): Promise<ReadonlyMap<string, VmTraffic>> {
  const traffic = new Map<string, { zone: string; byType: Record<string, Steps> }>();
  await metrics.sums({ metricType, filter: ON_VM, groupBy: [VM, ZONE, TYPE] }, partial, (series) => {
    const id = series.resourceLabels['instance_id'] ?? '';
    const known = traffic.get(id) ?? { zone: series.resourceLabels['zone'] ?? '', byType: {} };
    const type = series.metricLabels['remote_location_type'] ?? '';
    // A series may go on from one page to the next.
    const before = known.byType[type];
    const steps = metrics.stepsOf(series);
    known.byType[type] = before === undefined ? steps : addSteps(steps, before);
    traffic.set(id, known);
  });
  return traffic;
}

/** What Cloud NAT carried, by VM. */
export async function readNat(
  metrics: Metrics,
  partial: NotePartial,
): Promise<ReadonlyMap<string, NatTraffic>> {
  const nat = new Map<string, NatTraffic>();
  const add = (series: Series): void => {
    const id = series.resourceLabels['instance_id'] ?? '';
    const steps = metrics.stepsOf(series);
    const known = nat.get(id);
    const sum = known === undefined ? steps : addSteps(steps, known.steps);
    const previous = metrics.previousOf(series) + (known?.previous ?? 0);
    nat.set(id, { zone: series.resourceLabels['zone'] ?? known?.zone ?? '', steps: sum, previous });
  };
  const query = { filter: ON_VM, groupBy: [VM, ZONE], previous: true };
  await Promise.all([
    metrics.sums({ ...query, metricType: NAT_SENT }, partial, add),
    metrics.sums({ ...query, metricType: NAT_RECEIVED }, partial, add),
  ]);
  return nat;
}
