import { messageOf } from '../../../shared/errors.ts';
import { changeState, type Changed } from '../../../shared/google/change/change-state.ts';
import { isRefused } from '../../../shared/google/google-api-error.ts';
import { stepChange } from '../../../shared/resources/change.ts';
import type { Restored } from '../act.ts';
import type { RestoreRun } from '../run.ts';
import type { BringBackTask, DueStep } from './by-steps.ts';
import { startedByHand } from './started-by-hand.ts';
import { requestedAtMs, type Starts } from './starts.ts';

/**
 * Requests a step that is due, once, and notes what the answer says; what is known not to be under way is taken back. Throws
 * `GoogleApiError` for what Google refuses.
 */
export async function requestStep(
  run: RestoreRun,
  task: BringBackTask,
  due: DueStep,
  starts: Starts,
): Promise<Restored> {
  const { step, key, failure } = due;
  const atMs = requestedAtMs(run, task.item);
  let changed: Changed;
  try {
    changed = await send(run, task, due);
  } catch (error) {
    if (isRefused(error)) starts.set(key, due.earlier);
    if (failure === undefined) throw error;
    throw new Error(`Cannot bring back "${task.item.resource}": ${failure}; and ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (changed.kind === 'done') {
    const operation = step.operation?.nameOf(changed.answer);
    starts.set(key, { atMs, ...(operation === undefined ? {} : { operation }) });
    task.requested = step.name;
  } else if (changed.kind === 'blocked' && changed.mayBeOurs)
    // It stays noted as intended: what speaks against another may be what it did.
    return { kind: 'pending', why: `${step.name} was requested, and no answer says what became of it` };
  else starts.set(key, due.earlier);
  if (changed.kind === 'gone') return { kind: 'left', why: 'it does not exist any more' };
  if (changed.kind === 'blocked') return { kind: 'left', why: changed.why };
  return { kind: 'pending', why: `${step.name} was requested` };
}

async function send(
  { api, runtime, pause, lease }: RestoreRun,
  { item, held }: BringBackTask,
  { step, earlier }: DueStep,
): Promise<Changed> {
  const change = stepChange(api, item.resource, step, (present) =>
    startedByHand(item, present, earlier, held),
  );
  return changeState(
    {
      ...change,
      // What is on its way is looked at in rounds, with all others.
      isThere: ({ standing }) => standing.kind === 'done' || standing.kind === 'in-transit',
      isInTransit: () => false,
      answerSettles: true,
    },
    { sleep: pause, random: runtime.random, nowMs: () => runtime.now().getTime(), confirmMs: 0 },
    lease,
  );
}
