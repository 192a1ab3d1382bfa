import { changeState } from '../../../shared/google/change/change-state.ts';
import { lookTwice } from '../../../shared/google/change/waits.ts';
import { undefinedIfMissing } from '../../../shared/google/google-api-error.ts';
import { stepChange } from '../../../shared/resources/change.ts';
import type { OperationState, Present, Step } from '../../../shared/resources/kind.ts';
import type { StartRequest } from '../../../shared/state/manifest.ts';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';
import type { Restored } from '../act.ts';
import type { RestoreRun } from '../run.ts';
import { fellBackText, startedByHand } from './started-by-hand.ts';
import type { Starts } from './starts.ts';

/** One thing on its way back: the steps of its kind, and which of them is next. */
export interface BringBackTask {
  readonly item: ManifestItem;
  readonly steps: readonly Step[];
  next: number;
  /** Whether a request of ours, by this run or one before, brought it here. */
  isOurs: boolean;
  /** The step that this run has requested and that does not show yet. */
  requested: string | undefined;
}

/** A look may be this old: what was requested a moment ago need not show yet. */
const STALE_LOOK_MS = 30_000;

/**
 * Goes on with one thing as far as it goes without waiting: what is there is done, what is on its way is `pending`, what is due is
 * requested once. Throws `GoogleApiError` for what Google refuses, and an error with the reason for what was started and is off
 * again.
 */
export async function advance(run: RestoreRun, task: BringBackTask, starts: Starts): Promise<Restored> {
  const { resource } = task.item;
  for (;;) {
    const step = task.steps[task.next];
    if (step === undefined) return { kind: task.isOurs ? 'done' : 'already' };
    const key = `${resource} ${step.name}`;
    const present = await lookTwice(run.pause, () => step.look(run.api));
    if (present === undefined) return { kind: 'left', why: 'it does not exist any more' };
    const { standing } = present;
    if (standing.kind === 'refused') return { kind: 'left', why: standing.why };
    if (standing.kind === 'failed')
      throw new Error(
        `Cannot bring back "${resource}": ${standing.why}. Send the request again to look once more`,
      );
    if (standing.kind === 'in-transit') return { kind: 'pending', why: standing.why };
    const earlier = starts.get(key);
    if (standing.kind === 'done') {
      task.isOurs ||= earlier !== undefined;
      starts.set(key, undefined);
      task.next += 1;
      continue;
    }
    const settled = earlier && (await judgeEarlier(run, task, step, present, earlier));
    return settled ?? (await request(run, task, step, starts, earlier));
  }
}

/** What became of an earlier request for something that is still, or again, off; undefined where it may be requested once more. */
async function judgeEarlier(
  { api, runtime }: RestoreRun,
  task: BringBackTask,
  step: Step,
  { startedMs, state }: Present,
  earlier: StartRequest,
): Promise<Restored | undefined> {
  const operation = await operationState(api, step, earlier.operation);
  if (operation?.kind === 'running')
    return { kind: 'pending', why: `${step.name} was requested and goes on` };
  const isOwn = task.requested === step.name;
  const hasRun = startedMs !== undefined && startedMs >= earlier.atMs;
  if (operation?.kind !== 'failed') {
    if (isOwn && runtime.now().getTime() - earlier.atMs < STALE_LOOK_MS && !hasRun)
      return { kind: 'pending', why: `${step.name} was requested` };
    // With no word of the operation it may have fallen back as well: what may be a person's doing is left to a person.
    if (hasRun && !isOwn)
      return { kind: 'left', why: 'it was started by the restore and stopped again since' };
  }
  if (!isOwn) return undefined;
  throw new Error(
    fellBackText(task.item.resource, state, operation?.kind === 'failed' ? operation.why : undefined),
  );
}

/** Undefined where the kind has none, the answer named none, or Google does not tell any more. */
async function operationState(
  api: RestoreRun['api'],
  { operation }: Step,
  name: string | undefined,
): Promise<OperationState | undefined> {
  if (operation === undefined || name === undefined) return undefined;
  return undefinedIfMissing(operation.look(api, name));
}

async function request(
  { api, runtime, pause, lease }: RestoreRun,
  task: BringBackTask,
  step: Step,
  starts: Starts,
  earlier: StartRequest | undefined,
): Promise<Restored> {
  const { resource } = task.item;
  const nowMs = (): number => runtime.now().getTime();
  const atMs = nowMs();
  const change = stepChange(api, resource, step, (present) => startedByHand(task.item, present, earlier));
  const changed = await changeState(
    {
      ...change,
      // What is on its way is looked at in rounds, with all others.
      isThere: ({ standing }) => standing.kind === 'done' || standing.kind === 'in-transit',
      isInTransit: () => false,
      answerSettles: true,
    },
    { sleep: pause, random: runtime.random, nowMs, confirmMs: 0 },
    lease,
  );
  if (changed.kind === 'gone') return { kind: 'left', why: 'it does not exist any more' };
  if (changed.kind === 'blocked') return { kind: 'left', why: changed.why };
  if (changed.kind === 'done') {
    const operation = step.operation?.nameOf(changed.answer);
    starts.set(`${resource} ${step.name}`, { atMs, ...(operation === undefined ? {} : { operation }) });
    task.requested = step.name;
  }
  return { kind: 'pending', why: `${step.name} was requested` };
}
