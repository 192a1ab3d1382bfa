import type { Manifest } from '../../../shared/state/manifest.ts';
import { burnOf } from '../../../shared/resources/inventory.ts';
import { burnText, leftBurning, leftText } from '../../../shared/resources/left-burning.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import type { Config } from '../config.ts';
import { percent } from '../decide.ts';
import type { Due } from './hold.ts';
import type { Firing } from './fire.ts';
import { effectiveSince } from './in-effect.ts';
import { isFired } from './ladder.ts';
import type { FreshPlan } from './plan-now.ts';
import { planRung } from './plan-rung.ts';
import { decisionOn } from './report-rung.ts';

const HOUR_MS = 3_600_000;

/** Whether unlinking a project waits, and until when or why not. */
export type Settling =
  | { readonly kind: 'waits'; readonly sinceMs: number; readonly untilMs: number }
  | { readonly kind: 'unlinks'; readonly why: string };

/** What the decision to unlink goes by. */
export interface Settled {
  readonly config: Pick<Config, 'ladder' | 'keepLabel' | 'settleHours' | 'mode'>;
  readonly manifest: Manifest | undefined;
  /** What runs in the project, and whether all of it could be looked at. */
  readonly running: readonly RunningResource[];
  readonly complete: boolean;
  readonly now: Date;
}

/**
 * What a run costs is reported up to a day later. After stop-compute has taken effect unlinking waits that long where nothing that
 * burns is running: the cost that arrives meanwhile was caused before. Where something burns that no rung stops, or what burns is
 * not known, it does not wait. Pure.
 */
export function judgeSettling({ config, manifest, running, complete, now }: Settled): Settling {
  const { settleHours, ladder, mode } = config;
  const unlinks = (why: string): Settling => ({ kind: 'unlinks', why });
  if (settleHours === 0) return unlinks('budgets.settle is 0');
  const stop = ladder.find((rung) => rung.do === 'stop-compute');
  if (stop === undefined) return unlinks('the ladder has no stop-compute that could take effect');
  if (!complete)
    return unlinks('not all of the project could be looked at, so that something may burn there');
  const burning = outlasting(running, config, now);
  if (leftBurning(burning).length > 0)
    return unlinks(`something burns that no rung stops: ${leftText(burning)}`);
  const isInEffect = manifest !== undefined && isFired(manifest, stop);
  // Observing stops nothing: there it takes effect when it would be fired.
  if (!isInEffect && mode === 'enforce') return unlinks('stop-compute has not taken effect on all of it');
  const sinceMs = (isInEffect ? effectiveSince(manifest) : undefined) ?? now.getTime();
  const untilMs = sinceMs + settleHours * HOUR_MS;
  if (now.getTime() < untilMs) return { kind: 'waits', sinceMs, untilMs };
  return unlinks(
    `stop-compute has been in effect since ${new Date(sinceMs).toISOString()}, longer than budgets.settle (${settleHours} h)`,
  );
}

/** What goes on costing money when stop-compute has stopped all that it can. */
function outlasting(
  resources: readonly RunningResource[],
  config: Pick<Config, 'keepLabel'>,
  now: Date,
): readonly RunningResource[] {
  const inventory = { projectId: '', resources, notOffered: [], account: undefined };
  return planRung('stop-compute', inventory, config, now).burning;
}

/** Whether to unlink a project now, from the plan of that rung. */
export function settlingOf(
  { due, run }: { readonly due: Due; readonly run: Firing['run'] },
  manifest: Manifest | undefined,
  { running, complete }: FreshPlan,
): Settling {
  return judgeSettling({ config: due.config, manifest, running, complete, now: run.runtime.now() });
}

/** Nothing above a rung is ever silent: that unlinking waits is said with each message. */
export function sayWaiting(
  { run, due, receipt }: Firing,
  rung: Rung,
  { sinceMs, untilMs }: Extract<Settling, { kind: 'waits' }>,
  running: readonly RunningResource[],
): void {
  const { mode } = due.config;
  const until = new Date(untilMs).toISOString();
  const state =
    mode === 'observe' && running.length > 0
      ? `stop-compute would take effect first, on what runs at ${burnText(burnOf(running))}`
      : `stop-compute has been in effect since ${new Date(sinceMs).toISOString()} and nothing that burns is running`;
  const why = `${state}; cost of before arrives for up to a day`;
  run.log(
    'WARNING',
    `${rung.do} waits on ${run.projectId} until ${until} (budgets.settle): ${why}. It does not wait where something burns that no rung stops; then, or if the share is ${percent(rung.at)} or more after that, billing is unlinked`,
    { budget: due.budget.name, rung: rung.do, runId: run.runId },
  );
  receipt.keep(decisionOn(`projects/${run.projectId}`, 'keep', 'settling', { rung: rung.do, why, until }));
}
