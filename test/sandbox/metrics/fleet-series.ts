import { ranAt, type Fleet, type Vm } from '../services/compute/fleet.ts';
import { vmSeries } from './vm-series.ts';
import type { Projects } from '../services/resource-manager/projects.ts';
import type { Series, SeriesQuery } from '../services/monitoring/series.ts';

/** The time series of all machines, looked up by VM id where a query names ids. */
export function fleetSeries(
  fleet: Fleet,
  projects: Projects,
  startMs: number,
): (projectId: string, query: SeriesQuery) => Iterable<Series> | undefined {
  const byId = new Map([...fleet.vms.values()].map((vm) => [vm.id, vm]));
  return (projectId, query) => {
    const project = projects.all.find((known) => known.id === projectId || known.number === projectId);
    if (project === undefined) return undefined;
    const ids = query.resourceLabels['instance_id'];
    const vms =
      ids === undefined
        ? fleet.vmsOf(project.id)
        : ids.flatMap((id) => byId.get(id) ?? []).filter((vm) => vm.projectId === project.id);
    return seriesOf(vms, query.metricType, startMs);
  };
}

function* seriesOf(vms: readonly Vm[], metricType: string, startMs: number): Generator<Series> {
  for (const vm of vms)
    yield* vmSeries({
      projectId: vm.projectId,
      zone: vm.zone,
      instanceId: vm.id,
      instanceName: vm.name,
      load: vm.seed.load,
      accelerators: vm.accelerators,
      startMs,
      runningAt: (atMs) => ranAt(vm, atMs),
      metricType,
    });
}
