import * as z from 'zod/mini';
import { messageOf, PermanentError } from '../../../shared/errors.ts';
import { BusyError } from '../../../shared/google/google-api-error.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import { projectTick, type TickOrigin } from '../../../shared/run/tick.ts';
import { Conflict, type State } from '../../../shared/state/state.ts';

/** Longer than an event can run: a run that has not said by then how it ended has died. By Cloud Storage's clock. */
export const LEASE_MS = 560_000;

/** More than a message has deliveries (`deliveryAttempts` in function.yaml), with room for a dead letter that is sent again. */
export const MAX_CLAIMS = 30;

const claimSchema = z.looseObject({ project: z.string(), run: z.string() });

type ClaimText = Readonly<z.infer<typeof claimSchema>>;

/** What one run of several does, once. */
export interface Task {
  /** For messages, after "Cannot": `tell the digest of 2026-W47`. */
  readonly title: string;
  /** The object that says that it is done. */
  readonly done: string;
  /** The folder of the claims on it. */
  readonly claims: string;
  /** What starts it anew, once what stopped it was fixed. */
  readonly remedy: string;
}

/** `held`: another run is at work on it, in an event of this project. */
export type Ending = { readonly kind: 'ours' | 'done' } | { readonly kind: 'held'; readonly project: string };

/** What a task takes of an event. */
export interface TaskContext extends Pick<EventContext, 'log'> {
  readonly api: Pick<EventContext['api'], 'startClosing'>;
  readonly runtime: Pick<EventContext['runtime'], 'newId'>;
}

/**
 * Does a task unless it is done or another run is at work on it. `act` is told which attempt it is, from 1, and says whether it succeeded: only then the task is done, otherwise
 * the next delivery does it. The function may add objects and neither replace nor delete them: each run adds a claim under the next
 * number, and `claim-N.failed` where it did not succeed. A claim with that beside it, one that is damaged and one that is older than
 * an event can run hold no other run back.
 */
export async function doOnce(
  context: TaskContext,
  state: State,
  task: Task,
  project: string,
  act: (attempt: number) => Promise<boolean>,
): Promise<Ending> {
  const claim = await takeClaim(state, task, { project, run: context.runtime.newId() });
  if (typeof claim !== 'number') return claim;
  let isDone = false;
  try {
    if (await act(claim)) {
      await addObject(state, task.done, '{}');
      isDone = true;
    }
  } finally {
    if (!isDone) await giveUp(context, state, `${task.claims}/claim-${claim}.failed`);
  }
  return { kind: 'ours' };
}

/** The number of this run's claim, or why it has none. */
async function takeClaim(state: State, task: Task, own: ClaimText): Promise<number | Ending> {
  const { title, done, claims, remedy } = task;
  if ((await state.read(done)) !== undefined) return { kind: 'done' };
  for (let look = 0; look < MAX_CLAIMS; look++) {
    const { number, holder } = await lastClaim(state, claims);
    // Its answer got lost.
    if (holder?.run === own.run) return number;
    if (holder !== undefined) return { kind: 'held', project: holder.project };
    if (number >= MAX_CLAIMS)
      throw new PermanentError(
        `Cannot ${title}: ${MAX_CLAIMS} runs began to and none succeeded. Fix what they logged, then ${remedy}`,
      );
    const next = number + 1;
    // The run before may have succeeded just before its claim ran out.
    if (await addObject(state, `${claims}/claim-${next}`, JSON.stringify(own)))
      return next > 1 && (await state.read(done)) !== undefined ? { kind: 'done' } : next;
  }
  throw new BusyError(`Cannot ${title}: other runs claim it all the time`);
}

/** The latest claim, 0 for none; `holder` where its run may be at work. */
async function lastClaim(
  state: State,
  claims: string,
): Promise<{ readonly number: number; readonly holder?: ClaimText | undefined }> {
  const { items } = await state.list(`${claims}/claim-`);
  const number = Math.max(
    0,
    ...items.map((name) => Number(/\/claim-(\d{1,6})(?:\.failed)?$/.exec(name)?.[1] ?? 0)),
  );
  if (number === 0 || items.includes(`${claims}/claim-${number}.failed`)) return { number };
  const stored = await state.read(`${claims}/claim-${number}`);
  return {
    number,
    holder: stored === undefined || stored.ageMs >= LEASE_MS ? undefined : readClaim(stored.text),
  };
}

function readClaim(text: string): ClaimText | undefined {
  try {
    return claimSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Without this object the claim holds others back until it is too old: what went wrong before counts more. */
async function giveUp({ api, log }: TaskContext, state: State, name: string): Promise<void> {
  try {
    api.startClosing();
    await addObject(state, name, '{}');
  } catch (error) {
    log(
      'WARNING',
      `Cannot note that the run failed, so that other runs wait ${Math.ceil(LEASE_MS / 60_000)} minutes for it: ${messageOf(error)}`,
    );
  }
}

/** How a user starts a tick of its own for one project, or sends its message of the tick `origin` again. */
export function publishText(projectId: string, origin?: TickOrigin): string {
  const text = origin === undefined ? JSON.stringify({ project: projectId }) : projectTick(projectId, origin);
  return `publish ${text} to the topic costguard-guardrail-audit`;
}

/** Whether this call made the object. */
export async function addObject(state: State, name: string, text: string): Promise<boolean> {
  try {
    await state.write(name, text, { ifGeneration: '0' });
    return true;
  } catch (error) {
    if (error instanceof Conflict) return false;
    throw error;
  }
}
