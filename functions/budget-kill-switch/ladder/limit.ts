import type { Rung } from '../../../shared/policy/policy.ts';
import { burnOf, worstFirst } from '../../../shared/resources/inventory.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import { atBurn, burnText } from '../../../shared/resources/left-burning.ts';
import { changedIn, isOutermost, type ManifestItem } from '../../../shared/state/manifest-item.ts';
import type { Firing } from './fire.ts';
import { isOpen, orderOf, submits } from './items.ts';
import type { RungPlan } from './ladder.ts';
import { decisionOn } from './report-rung.ts';
import { MAX_SHOWN } from './unseen.ts';

/** What one run may take away, over all projects of the budget. */
export interface Allowance {
  readonly maxActions: number;
  /** What it has set about: the same resource counts once, whichever rungs cover it. */
  readonly taken: Set<string>;
}

/** A plan within the limit, and what is left for the next look. */
export interface LimitedPlan {
  readonly plan: RungPlan;
  /** Worst first. */
  readonly over: readonly ManifestItem[];
}

/**
 * Takes from the allowance what a rung may deal with in this run, the most urgent first ({@link mostUrgentFirst}). What is over stays as an
 * earlier run left it, and the plan is not complete without it.
 */
export function limitPlan(
  { maxActions, taken }: Allowance,
  rung: Rung,
  plan: RungPlan,
  earlier: RungPlan | undefined,
  running: readonly RunningResource[],
): LimitedPlan {
  const open = plan.items.filter(isOpen);
  // Unlinking is one action, and ends all that runs.
  if (rung.do === 'unlink-billing') return { plan, over: [] };
  const over = new Map<string, ManifestItem>();
  for (const item of mostUrgentFirst(open, running))
    if (taken.has(item.resource) || taken.size < maxActions) taken.add(item.resource);
    else over.set(item.resource, item);
  if (over.size === 0) return { plan, over: [] };
  const before = new Map(earlier?.items.map((item) => [item.resource, item]));
  const items = plan.items.flatMap((item) => {
    const known = before.get(item.resource);
    if (!over.has(item.resource)) return [item];
    return known === undefined ? [] : [known];
  });
  return { plan: { ...plan, items, complete: false }, over: [...over.values()] };
}

/**
 * What submits other work first and the outermost of it, for it would submit again, then the worst by cost per hour. What makes others of
 * its place comes right before the worst of these, and what was refused behind all that was not.
 */
export function mostUrgentFirst(
  items: readonly ManifestItem[],
  running: readonly RunningResource[],
): readonly ManifestItem[] {
  const place = new Map(worstFirst(running).map(({ resource }, index) => [resource, index]));
  const worse = (item: ManifestItem): number => place.get(item.resource) ?? running.length;
  const inPlace = Map.groupBy(items, changedIn);
  const worst = (item: ManifestItem): number =>
    isOutermost(item) ? Math.min(...(inPlace.get(item.resource) ?? [item]).map(worse)) : worse(item);
  const wasRefused = ({ status, untried }: ManifestItem): number =>
    Number(status === 'failed' && untried !== true);
  // The outermost first: a job that is cancelled before its pipeline is submitted again.
  const rank = (item: ManifestItem): number => (submits(item) ? orderOf(item) : Number.MAX_SAFE_INTEGER);
  const inner = (item: ManifestItem): number => Number(!isOutermost(item));
  return [...items].sort(
    (a, b) =>
      wasRefused(a) - wasRefused(b) || rank(a) - rank(b) || worst(a) - worst(b) || inner(a) - inner(b),
  );
}

/** For observing: what a rung below would have taken by now does not run any more when this one looks. */
export function withoutPlanned(plan: RungPlan, { taken }: Allowance): RungPlan {
  return { ...plan, items: plan.items.filter((item) => !isOpen(item) || !taken.has(item.resource)) };
}

/** What is over the limit is named, worst first, with what it costs until the next look. */
export function sayOver(
  { run, due, receipt }: Firing,
  rung: Rung,
  over: readonly ManifestItem[],
  running: readonly RunningResource[],
): void {
  if (over.length === 0) return;
  for (const { resource } of over)
    receipt.keep(decisionOn(resource, 'keep', 'over-max-actions', { rung: rung.do }));
  const names = over.map(({ resource }) => resource);
  const isOver = new Set(names);
  const cost = burnText(burnOf(running.filter(({ resource }) => isOver.has(resource))));
  const more = names.length > MAX_SHOWN ? ` and ${names.length - MAX_SHOWN} more` : '';
  run.log(
    'WARNING',
    `${rung.do} is not done on ${run.projectId}: ${names.length} ${atBurn(cost)} are over budgets.maxActions (${due.config.maxActions} a run) and are dealt with at the next look: ${names.slice(0, MAX_SHOWN).join(', ')}${more}`,
    { budget: due.budget.name, rung: rung.do, runId: run.runId, over: names.length },
  );
}
