import type { EgressFacts, Flow, Sent } from './facts.ts';
import { regionOf } from './geography.ts';
import { LABEL, ON_VM, RECEIVED, SENT, TYPE, VM, ZONE, type Metrics, type NotePartial } from './metrics.ts';

/** How many destinations are broken down by VM: traffic has few that matter. */
const DESTINATIONS = 40;

/** What VMs sent, by zone and destination. */
export async function readFlows(metrics: Metrics, partial: NotePartial): Promise<readonly Flow[]> {
  const flows: Flow[] = [];
  await metrics.sums(
    {
      metricType: SENT,
      filter: ON_VM,
      groupBy: [ZONE, TYPE, `${LABEL}remote_zone`, `${LABEL}remote_country`, `${LABEL}remote_continent`],
      previous: true,
    },
    partial,
    (series) => {
      const labels = series.metricLabels;
      flows.push({
        zone: series.resourceLabels['zone'] ?? '',
        remote: {
          locationType: labels['remote_location_type'] ?? '',
          zone: labels['remote_zone'] ?? '',
          country: labels['remote_country'] ?? '',
          continent: labels['remote_continent'] ?? '',
        },
        steps: metrics.stepsOf(series),
        previous: metrics.previousOf(series),
      });
    },
  );
  return flows;
}

/** Resolves to undefined where Google did not answer; the gap is noted under `where`. */
export type Attempt = <T>(where: string, read: () => Promise<T>) => Promise<T | undefined>;

/** Which VM sends to the destinations that get most, and which receives from the zones that send: a query for every VM and destination would be out of bounds. */
export async function readSenders(
  metrics: Metrics,
  flows: readonly Flow[],
  attempt: Attempt,
  partial: (where: string) => NotePartial,
): Promise<Pick<EgressFacts, 'toZones' | 'toCountries' | 'fromZones'>> {
  const read = async (label: string, type: string, where: string, names: readonly string[]) =>
    names.length === 0
      ? []
      : ((await attempt(where, () => readSent(metrics, SENT, { label, type, names }, partial(where)))) ?? []);
  const senders = largest(flows, 'CLOUD', (_, zone) => zone);
  const incoming = 'VM ingress by zone';
  const [toZones, toCountries, fromZones] = await Promise.all([
    read(
      'remote_zone',
      'CLOUD',
      'VM egress by zone',
      largest(flows, 'CLOUD', ({ zone }) => zone),
    ),
    read(
      'remote_country',
      'EXTERNAL',
      'VM egress by country',
      largest(flows, 'EXTERNAL', ({ country }) => country),
    ),
    senders.length === 0
      ? []
      : attempt(incoming, () =>
          readSent(
            metrics,
            RECEIVED,
            { label: 'remote_zone', type: 'CLOUD', names: senders },
            partial(incoming),
          ),
        ),
  ]);
  return { toZones, toCountries, fromZones };
}

/** The destinations that get most, what costs money before what is free. */
function largest(
  flows: readonly Flow[],
  type: string,
  nameOf: (remote: Flow['remote'], zone: string) => string,
): readonly string[] {
  const bytes = new Map<string, number>();
  for (const { zone, remote, steps } of flows) {
    if (remote.locationType !== type) continue;
    // What stays in the zone is free, what stays in the region nearly so.
    const weight = remote.zone === zone ? 1e-6 : regionOf(remote.zone) === regionOf(zone) ? 0.2 : 1;
    const name = nameOf(remote, zone);
    bytes.set(name, (bytes.get(name) ?? 0) + weight * steps.reduce((sum, value) => sum + value, 0));
  }
  return [...bytes]
    .sort(([, a], [, b]) => b - a)
    .slice(0, DESTINATIONS)
    .map(([name]) => name);
}

async function readSent(
  metrics: Metrics,
  metricType: string,
  {
    label,
    type,
    names,
  }: { readonly label: string; readonly type: string; readonly names: readonly string[] },
  partial: NotePartial,
): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  const list = names.map((name) => JSON.stringify(name)).join(', ');
  await metrics.sums(
    {
      metricType,
      filter: `${ON_VM} AND ${TYPE} = "${type}" AND ${LABEL}${label} = one_of(${list})`,
      groupBy: [VM, ZONE, `${LABEL}${label}`],
      whole: true,
    },
    partial,
    ({ resourceLabels, metricLabels, points }) => {
      sent.push({
        vmId: resourceLabels['instance_id'] ?? '',
        zone: resourceLabels['zone'] ?? '',
        to: metricLabels[label] ?? '',
        bytes: points.reduce((sum, { value }) => sum + value, 0),
      });
    },
  );
  return sent;
}
