import { DateTime } from 'luxon';
import { BusyError } from '../../../shared/google/google-api-error.ts';
import { sendNotice } from '../../../shared/notify/send.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import { collectRunErrors } from '../../../shared/run/run-errors.ts';
import type { TickOrigin } from '../../../shared/run/tick.ts';
import { digestOf } from '../report/digest.ts';
import { readScope } from '../scope/stored.ts';
import { addObject, doOnce, publishText } from './claim.ts';

const ROOM = 'guardrail-audit/digests';

/**
 * From this attempt on a digest is told with what could not be read. Ten deliveries have room for it, also where the audits before took
 * most of them; three attempts, with the pauses between deliveries, outlast a quota of calls a minute.
 */
export const PARTIAL_FROM_ATTEMPT = 4;

/**
 * Notes that a project's audit of the tick's week ended, well or not, and tells the week's digest when it was the last of the scope: one
 * message, from the receipts of all, sent by one run of however many. Where that run dies its own event comes again and tells it: at
 * least once. The message's id is the same each time; receivers drop a second one by it. Does nothing where no channel is written, or
 * no state bucket. Throws `BusyError` where another delivery for the same project is at work on it.
 */
export async function tellDigest(
  context: EventContext,
  projectId: string,
  tick: TickOrigin,
  listScope: () => Promise<readonly string[]>,
): Promise<void> {
  const { policy, state, log } = context;
  const { channels = [], ownerLabel = 'owner' } = policy.notify ?? {};
  if (channels.length === 0 || state === undefined) return;
  const sent = DateTime.fromMillis(tick.publishedMs, { zone: 'utc' });
  const week = sent.toFormat("kkkk-'W'WW");
  const done = `${ROOM}/${week}.told`;
  if ((await state.read(done)) !== undefined) {
    log('INFO', `Tells no digest: the digest of ${week} was told already`);
    return;
  }
  await addObject(state, `${ROOM}/${week}/${projectId}`, '{}');
  const [scope, { items: marks }] = await Promise.all([listScope(), state.list(`${ROOM}/${week}/`)]);
  const ended = new Set(marks.map((name) => name.slice(`${ROOM}/${week}/`.length)));
  if (scope.some((project) => !ended.has(project))) return;
  const title = `tell the digest of ${week}`;
  const claims = `${ROOM}/${week}.claims`;
  // Also weeks later: the message's own time would be of another week.
  const remedy = `delete gs://${state.bucket}/${claims}/ and ${publishText(projectId, tick)}`;
  const task = { title, done, claims, remedy };
  const ending = await doOnce(context, state, task, projectId, async (attempt) => {
    const errors = collectRunErrors();
    // An audit of the week before is none of this one.
    const report = await readScope(context, {
      sinceMs: sent.startOf('week').toMillis(),
      changesSinceMs: tick.publishedMs,
      failed: (error) => {
        errors.note(error);
      },
    });
    // Once it is told, nothing corrects what it says of a project whose receipt could not be read for the moment.
    if (attempt < PARTIAL_FROM_ATTEMPT) errors.throwIfAny(`the digest of ${week}`);
    else if (errors.any())
      log('WARNING', `Tells the digest of ${week} without all that it needs: attempt ${attempt}`);
    const told = await sendNotice(context, channels, digestOf(report, week, ownerLabel));
    // Each said why in the log.
    if (told === 0) throw new Error(`Cannot ${title}: no channel of the policy's notify took it`);
    return true;
  });
  // A run in the event of another project is left to it: where it dies, that event comes again.
  if (ending.kind === 'held' && ending.project === projectId)
    throw new BusyError(`Cannot ${title}: another delivery for "${projectId}" is at work on it`);
}
