import { DateTime } from 'luxon';
import { sendNotice } from '../../shared/notify/send.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import { Conflict, type State } from '../../shared/state/state.ts';
import { digestOf } from './report/digest.ts';
import { readScope } from './scope.ts';

const ROOM = 'guardrail-audit/digests';

/**
 * Notes that a project's audit of this week ended, well or not, and tells the week's digest when it was the last of the scope: one
 * message, from the receipts of all. A mark in the state bucket that only one run can make says that it was told, so that neither
 * a second delivery nor two last ones tell it again. Does nothing where no channel is written, or no state bucket.
 */
export async function tellDigest(
  context: EventContext,
  projectId: string,
  listScope: () => Promise<readonly string[]>,
): Promise<void> {
  const { policy, state, runtime } = context;
  const { channels = [], ownerLabel = 'owner' } = policy.notify ?? {};
  if (channels.length === 0 || state === undefined) return;
  const week = DateTime.fromJSDate(runtime.now(), { zone: 'utc' }).toFormat("kkkk-'W'WW");
  await mark(state, `${ROOM}/${week}/${projectId}`);
  const [scope, { items: marks }] = await Promise.all([listScope(), state.list(`${ROOM}/${week}/`)]);
  const ended = new Set(marks.map((name) => name.slice(`${ROOM}/${week}/`.length)));
  if (scope.some((project) => !ended.has(project))) return;
  if (!(await mark(state, `${ROOM}/${week}.told`))) return;
  await sendNotice(context, channels, digestOf(await readScope(context), week, ownerLabel));
}

/** Whether this call made it. */
async function mark(state: State, name: string): Promise<boolean> {
  try {
    await state.write(name, '{}', { ifGeneration: '0' });
    return true;
  } catch (error) {
    if (error instanceof Conflict) return false;
    throw error;
  }
}
