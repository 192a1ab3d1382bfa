import type { Budget } from '../../../shared/google/budgets.ts';
import { PermanentError } from '../../../shared/errors.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { Manifest, ManifestKey } from '../../../shared/state/manifest.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import { holdProject, type ProjectLease } from '../../../shared/state/lease.ts';
import type { State } from '../../../shared/state/state.ts';
import type { Config } from '../config.ts';
import type { Verdict } from '../decide.ts';
import type { Notification } from '../message/notification.ts';
import { periodKey } from '../message/period.ts';
import type { SwitchRun } from '../run.ts';
import type { HeldSince } from '../settle/held-since.ts';

/** A message that makes rungs due. */
export interface Due extends HeldSince {
  readonly context: EventContext;
  readonly config: Config;
  readonly notification: Notification;
  readonly budget: Budget;
  readonly verdict: Extract<Verdict, { kind: 'due' }>;
  /** Spent per hour; undefined when not known. */
  readonly rate: number | undefined;
  /** When the message was published, milliseconds since the epoch; absent at a tick, after which another one comes anyway. */
  readonly publishedMs?: number | undefined;
  /** The moment of the figures by which messages make it due, milliseconds since the epoch; absent where an estimate alone does. */
  readonly asOfMs?: number | undefined;
}

/** A share that is spent, and of which amount. */
export type Spent = NonNullable<Manifest['spent']>;

/** What is spent by all that counts: reported, or as spend-watch expects. */
export function spentOf({ verdict }: Due): Spent {
  const { shares, budgetAmount, estimated } = verdict;
  return { share: Math.max(shares.actual, estimated?.share ?? 0), amount: budgetAmount };
}

/** What is reported, by which alone billing is unlinked. */
export function reportedOf({ verdict }: Due): Spent {
  return { share: verdict.shares.actual, amount: verdict.budgetAmount };
}

/** Holds a project of the budget; undefined where `isDone`, by its manifest. */
export async function holdRungs<T>(
  due: Due,
  run: SwitchRun,
  rungs: readonly Rung[],
  isDone: (manifest: Manifest) => boolean,
  work: (lease: ProjectLease) => Promise<T>,
): Promise<T | undefined> {
  const { runtime, state } = due.context;
  const { sleep, random } = runtime;
  return holdProject(
    { state: requireState(state), sleep, random, nowMs: () => runtime.now().getTime() },
    keyOf(due, run),
    {
      by: runtime.functionName,
      runId: run.runId,
      doing: `fire ${rungs.map((rung) => rung.do).join(', ')}`,
      isNeeded: (manifest) => !isDone(manifest),
    },
    work,
  );
}

export function keyOf(
  { notification, budget }: Due,
  { projectId }: Pick<SwitchRun, 'projectId'>,
): ManifestKey {
  return {
    budget: notification.budget,
    period: periodKey(notification.periodStartMs, budget.period),
    project: projectId,
  };
}

function requireState(state: State | undefined): State {
  if (state === undefined)
    throw new PermanentError(
      'Cannot take anything away: the policy names no "state" bucket for the restore manifest',
    );
  return state;
}
