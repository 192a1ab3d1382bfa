import { guardBudget } from '../../functions/budget-kill-switch/function.ts';
import { restoreFunction } from '../../functions/budget-restore/function.ts';
import { messageOf } from '../../shared/errors.ts';
import { handleEvent, openContext, withPolicy } from '../../shared/run/handle-event.ts';
import { Refusal } from '../../shared/run/handle-request.ts';
import type { Runtime } from '../../shared/run/runtime.ts';
import type { RestoreAnswer } from './budget-lab.ts';
import type { FakeWorld } from './fake-google.ts';

/** A notification as it is published. */
export interface WireAlert {
  readonly attributes: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Delivers an alert to the kill switch; false where it has to be delivered again. */
export async function deliverAlert(
  runtime: Runtime,
  world: FakeWorld,
  { attributes, data }: WireAlert,
  messageId: string,
): Promise<boolean> {
  const message = {
    data: Buffer.from(JSON.stringify(data)).toString('base64'),
    attributes,
    messageId,
    publishTime: new Date(world.nowMs).toISOString(),
  };
  const source = '//pubsub.googleapis.com/projects/ml-operations/topics/costguard-budget-kill-switch';
  try {
    await handleEvent(runtime, { id: messageId, source, data: { message } }, guardBudget);
    return true;
  } catch {
    return false;
  }
}

/** One request to the restore, without a server around it. */
export async function callRestore(
  runtime: Runtime,
  method: 'GET' | 'POST',
  request: Readonly<Record<string, string>>,
): Promise<RestoreAnswer> {
  const { deadlineMs, sections, lastValid } = restoreFunction;
  try {
    const task = restoreFunction.read({
      method,
      path: '/',
      query: request,
      body: request,
      accept: undefined,
    });
    const context = await withPolicy(openContext(runtime, deadlineMs), sections, lastValid);
    const { status = 200, body } = await restoreFunction.answer(context, task);
    return { status, ...Object(body) } as RestoreAnswer;
  } catch (error) {
    return { status: error instanceof Refusal ? error.status : 500, error: messageOf(error) };
  }
}
