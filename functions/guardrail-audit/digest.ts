import { DateTime } from 'luxon';
import * as z from 'zod/mini';
import { sendNotice } from '../../shared/notify/send.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import { Conflict, type State } from '../../shared/state/state.ts';
import { digestOf } from './report/digest.ts';
import { readScope } from './scope/stored.ts';

const ROOM = 'guardrail-audit/digests';

const claimSchema = z.looseObject({ project: z.optional(z.string()) });

/**
 * Notes that a project's audit of this week ended, well or not, and tells the week's digest when it was the last of the scope: one
 * message, from the receipts of all. It is told at least once: the run that claims it sends it before it marks it as told, and where
 * that run dies its own event comes again and takes the claim up. The message's id is the same each time; receivers drop a second one
 * by it. Does nothing where no channel is written, or no state bucket.
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
  const told = `${ROOM}/${week}.told`;
  await create(state, `${ROOM}/${week}/${projectId}`, '{}');
  const [scope, { items: marks }] = await Promise.all([listScope(), state.list(`${ROOM}/${week}/`)]);
  const ended = new Set(marks.map((name) => name.slice(`${ROOM}/${week}/`.length)));
  if (scope.some((project) => !ended.has(project))) return;
  if (!(await claim(state, `${ROOM}/${week}.claim`, projectId)) || (await state.read(told)) !== undefined)
    return;
  await sendNotice(context, channels, digestOf(await readScope(context), week, ownerLabel));
  await create(state, told, '{}');
}

/** Damaged claims of a week after which the digest is told all the same. */
const MAX_CLAIMS = 3;

/**
 * Whether the digest is this project's to tell: of several that end last at one moment the first one tells it. It may have claimed
 * it in an earlier delivery, and died.
 */
async function claim(state: State, name: string, projectId: string): Promise<boolean> {
  const own = JSON.stringify({ project: projectId });
  for (let attempt = 1; attempt <= MAX_CLAIMS; attempt++) {
    // The function may only add objects: beside a damaged claim, which is no one's, stands another.
    const place = attempt === 1 ? name : `${name}-${attempt}`;
    if (await create(state, place, own)) return true;
    const claimant = claimantIn((await state.read(place))?.text ?? '');
    if (claimant !== undefined) return claimant === projectId;
  }
  // The digest is told at least once.
  return true;
}

function claimantIn(text: string): string | undefined {
  try {
    return claimSchema.safeParse(JSON.parse(text)).data?.project;
  } catch {
    return undefined;
  }
}

/** Whether this call made the object. */
async function create(state: State, name: string, text: string): Promise<boolean> {
  try {
    await state.write(name, text, { ifGeneration: '0' });
    return true;
  } catch (error) {
    if (error instanceof Conflict) return false;
    throw error;
  }
}
