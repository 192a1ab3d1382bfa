import { expect, it } from 'vitest';
import { limitPlan, mostUrgentFirst } from '../../../../functions/budget-kill-switch/ladder/limit.ts';
import type { ManifestItem } from '../../../../shared/state/manifest-item.ts';
import type { KindName } from '../../../../shared/resources/kind.ts';
import { running } from '../../../support/running-resource.ts';

const RUNG = { at: 1, do: 'stop-compute' } as const;
const price = (low: number) => ({ usd: { low, high: low }, why: '' });

const JOB = running('custom-job', { cost: price(90) as never });
const PIPELINE = running('pipeline-job');
const SCHEDULE = running('schedule');
const CHEAP = running('vm', { resource: 'projects/ml-lab/vm-1', cost: price(1) as never });
const WORST = running('vm', { resource: 'projects/ml-lab/vm-2', cost: price(80) as never });
/** A job that came back stands before what was seen first today. */
const ALL = [JOB, CHEAP, WORST, PIPELINE, SCHEDULE];

const itemOf = ({ kind, resource }: { readonly kind: KindName; readonly resource: string }): ManifestItem =>
  ({ kind, resource, status: 'planned' }) as ManifestItem;

it.each([
  [1, ['schedule']],
  [2, ['pipeline-job', 'schedule']],
  [3, ['custom-job', 'pipeline-job', 'schedule']],
  [4, ['custom-job', 'vm-2', 'pipeline-job', 'schedule']],
] as const)('limitPlan takes with %d a run the outermost of what submits work first, then the worst: %j', (maxActions, names) => {
  const plan = { items: ALL.map(itemOf), left: [], complete: true };
  const limited = limitPlan({ maxActions, taken: new Set() }, RUNG, plan, undefined, ALL);
  expect(limited.plan.items.map(({ resource }) => resource.split('/').at(-1))).toEqual(names);
  expect(limited.over).toHaveLength(ALL.length - maxActions);
  expect(limited.plan.complete).toBe(false);
}); // prettier-ignore

const CLUSTER = running('node-pool', { resource: 'projects/ml-lab/clusters/demo', cost: price(0) as never });
const SMALL = running('node-pool', {
  resource: `${CLUSTER.resource}/nodePools/small`,
  cost: price(2) as never,
});
const LARGE = running('node-pool', {
  resource: `${CLUSTER.resource}/nodePools/large`,
  cost: price(5) as never,
});

it.each([
  ['comes right before the worst of its place, behind what costs more', { status: 'planned' }, ['vm-2', 'demo', 'large', 'small', 'vm-1']],
  ['that was refused comes behind all that was not', { status: 'failed' }, ['vm-2', 'large', 'small', 'vm-1', 'demo']],
  ['that no run had time for was not refused', { status: 'failed', untried: true }, ['vm-2', 'demo', 'large', 'small', 'vm-1']],
] as const)('mostUrgentFirst: what makes others %s', (_, became, names) => {
  const all = [CHEAP, SMALL, LARGE, WORST];
  const order = mostUrgentFirst([{ ...itemOf(CLUSTER), ...became }, ...all.map(itemOf)], [CLUSTER, ...all]);
  expect(order.map(({ resource }) => resource.split('/').at(-1))).toEqual(names);
}); // prettier-ignore

it('limitPlan takes another one where the most expensive was refused before', () => {
  const items = [{ ...itemOf(WORST), status: 'failed' as const }, itemOf(CHEAP)];
  const plan = { items, left: [], complete: true };
  const { over } = limitPlan({ maxActions: 1, taken: new Set() }, RUNG, plan, undefined, [WORST, CHEAP]);
  expect(over.map(({ resource }) => resource)).toEqual([WORST.resource]);
});

it('limitPlan counts a resource once, whichever rungs cover it', () => {
  const allowance = { maxActions: 1, taken: new Set<string>() };
  const plan = { items: [itemOf(WORST), itemOf(CHEAP)], left: [], complete: true };
  const taken = (): readonly string[] =>
    limitPlan(allowance, RUNG, plan, undefined, [WORST, CHEAP]).plan.items.map(({ resource }) => resource);
  expect([taken(), taken()]).toEqual([[WORST.resource], [WORST.resource]]);
});

it('mostUrgentFirst has the outermost of what submits work first, then the worst by cost', () => {
  const order = mostUrgentFirst(ALL.map(itemOf), ALL).map(({ resource }) => resource.split('/').at(-1));
  expect(order).toEqual(['schedule', 'pipeline-job', 'custom-job', 'vm-2', 'vm-1']);
});
