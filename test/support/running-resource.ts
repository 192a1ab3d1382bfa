import { unpriced } from '../../shared/prices/price.ts';
import type { KindName, RunningResource } from '../../shared/resources/kind.ts';

/** Something that runs, for tests of what judges it. */
export function running(kind: KindName, more: Partial<RunningResource> = {}): RunningResource {
  return {
    kind,
    resource: `projects/ml-lab/${kind}`,
    state: 'RUNNING',
    description: kind,
    labels: {},
    memberLabels: [],
    cost: unpriced('no price'),
    startedBy: undefined,
    startedMs: undefined,
    leastShare: 1,
    fate: { kind: 'stoppable', record: {} },
    command: `stop ${kind}`,
    memberKeys: [],
    ownerKeys: [],
    partOf: undefined,
    ...more,
  };
}
