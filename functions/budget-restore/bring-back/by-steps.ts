import { lookTwice } from '../../../shared/google/change/waits.ts';
import type { Standing, Step } from '../../../shared/resources/kind.ts';
import type { Holder } from '../../../shared/state/holders.ts';
import type { StartRequest } from '../../../shared/state/manifest.ts';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';
import type { Restored } from '../act.ts';
import type { RestoreRun } from '../run.ts';
import { failureOf, judgeEarlier } from './judge-earlier.ts';
import { startedByHand, UNTOLD } from './started-by-hand.ts';
import { requestedAtMs, type Starts } from './starts.ts';

/** One thing on its way back: the steps of its kind, and which of them is next. */
export interface BringBackTask {
  readonly item: ManifestItem;
  readonly steps: readonly Step[];
  /** What other budgets and periods hold of its project. */
  readonly held: readonly Holder[];
  next: number;
  /** Whether a request of ours, by this run or one before, brought it here. */
  isOurs: boolean;
  /** Whether something was started of which Google does not tell when it was started before. */
  isUntold: boolean;
  /** The step that this run has requested and that does not show yet. */
  requested: string | undefined;
}

/** A step that is to be requested. */
export interface DueStep {
  readonly kind: 'due';
  readonly step: Step;
  /** Of the request in {@link Starts}. */
  readonly key: string;
  /** An earlier request for it that has come to nothing. */
  readonly earlier: StartRequest | undefined;
  /** What a step before it failed with, whose request holds all the same. */
  readonly failure: string | undefined;
}

/** A step that is not there yet; steps after it may be due all the same. */
type Open = Extract<Standing, { kind: 'in-transit' | 'failed' }>;

/**
 * How far one thing is, or the step that is due now: that one is noted as intended, for the caller to save before it is requested.
 * Throws `GoogleApiError`, and an error with the reason for what was started and is off again.
 */
export async function lookAt(
  run: RestoreRun,
  task: BringBackTask,
  starts: Starts,
): Promise<Restored | DueStep> {
  const { item, steps } = task;
  // A round of many looks takes longer than a lease holds.
  await run.lease.confirm();
  let open: Open | undefined;
  for (const [index, step] of steps.entries()) {
    if (index < task.next) continue;
    const key = `${item.resource} ${step.name}`;
    const present = await lookTwice(run.pause, () => step.look(run.api));
    if (present === undefined) return { kind: 'left', why: 'it does not exist any more' };
    const { standing } = present;
    const earlier = sinceTaken(item, starts.get(key));
    if (standing.kind === 'done') {
      if (open !== undefined) continue;
      task.isOurs ||= earlier !== undefined;
      task.isUntold ||= earlier !== undefined && !('startedMs' in present);
      starts.set(key, undefined);
      task.next = index + 1;
    } else if (standing.kind === 'ready') {
      const settled = earlier && (await judgeEarlier(run, task, step, present, earlier));
      const why = startedByHand(item, present, earlier, task.held);
      if (settled !== undefined) return settled;
      if (why !== undefined) return { kind: 'left', why };
      task.isUntold ||= !('startedMs' in present);
      starts.set(key, { atMs: requestedAtMs(run, item), unanswered: true });
      return { kind: 'due', step, key, earlier, failure: open?.kind === 'failed' ? open.why : undefined };
    } else if (standing.kind === 'refused') {
      if (open === undefined) return { kind: 'left', why: leftText(standing.why, steps.slice(index + 1)) };
      break;
    } else {
      open ??=
        standing.kind === 'failed'
          ? { ...standing, why: await failureOf(run, step, standing.why, earlier) }
          : standing;
      if (standing.inForce !== true) break;
    }
  }
  return standingOf(task, open);
}

/** A request of an earlier restore, unless the switch has taken the thing away again after it. */
function sinceTaken({ atMs = 0 }: ManifestItem, request: StartRequest | undefined): StartRequest | undefined {
  return request !== undefined && request.atMs > atMs ? request : undefined;
}

/** What speaks against one step keeps those after it away as well. */
function leftText(why: string, rest: readonly Step[]): string {
  return rest.length === 0 ? why : `${why}; left with it: ${rest.map(({ name }) => name).join(', ')}`;
}

function standingOf({ item, isOurs, isUntold }: BringBackTask, open: Open | undefined): Restored {
  if (open === undefined)
    return { kind: isOurs ? 'done' : 'already', ...(isOurs && isUntold ? { why: UNTOLD } : {}) };
  if (open.kind === 'in-transit') return { kind: 'pending', why: open.why };
  throw new Error(
    `Cannot bring back "${item.resource}": ${open.why}. Send the request again to look once more`,
  );
}
