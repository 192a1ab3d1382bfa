import * as z from 'zod/mini';
import { messageOf } from '../../shared/errors.ts';
import type { ProjectRef } from '../../shared/google/projects.ts';
import { budgetPath } from '../../shared/spend/budget-path.ts';
import { updateStateObject } from '../../shared/state/compare-and-swap.ts';
import { expendableObject } from '../../shared/state/expendable-object.ts';
import { isAhead } from '../../shared/units.ts';
import type { Due } from './ladder/hold.ts';

/** Projects of one budget that are worked on side by side. */
export const PROJECTS_AT_ONCE = 4;

/** Time that a project is given at least: what does not fit waits for the next event. */
const MIN_TIME_MS = 60_000;

/** Looks between two writes: what a run that is killed has looked at is known all the same. */
const WRITE_EVERY = 25;

const finishedSchema = z.object({
  atMs: z.number(),
  /** Under which rungs: `stop-notebooks@0.8 stop-compute@1`. */
  rungs: z.string(),
});
type Finished = z.infer<typeof finishedSchema>;
const lookSchema = z.object({
  /** When it was looked at last, whatever came of it. */
  atMs: z.number(),
  /** Its last look that left nothing for another delivery of the message. */
  finished: z.optional(finishedSchema),
});
const memorySchema = z.object({ version: z.literal(1), looks: z.record(z.string(), lookSchema) });
type Look = z.infer<typeof lookSchema>;
type Looks = Readonly<Record<string, Look>>;

/** In which order the projects of a budget have their turn, where one event may not be enough for all. */
export interface Turns {
  /** The one whose last look is oldest first. */
  readonly projects: readonly ProjectRef[];
  /** Those that were looked at since the message was published, under its rungs, and that need no other delivery of it. */
  readonly lookedAt: readonly ProjectRef[];
  /** Whether the next event begins with those that this one does not reach. */
  readonly isRemembered: boolean;
  /** Whether there is time for another; the first ones begin in any case. */
  isNext(): boolean;
  /** Notes that a project was looked at, and whether that left nothing for another delivery of the message. */
  noteLook(projectId: string, isFinished: boolean): Promise<void>;
  /** Writes what is noted. */
  close(): Promise<void>;
}

/**
 * Makes it fair: an event that is not enough for all projects goes by when each was last looked at, so that the next one begins with
 * those that it did not reach. A memory: when it cannot be read or kept, the order is a random one, in which each has its turn, too.
 */
export async function takeTurns(due: Due, projects: readonly ProjectRef[]): Promise<Turns> {
  const { api, runtime } = due.context;
  let begun = 0;
  const isNext = (): boolean => ++begun <= PROJECTS_AT_ONCE || api.timeLeftMs() >= MIN_TIME_MS;
  // All of them begin at once: there is no order to keep.
  if (projects.length <= PROJECTS_AT_ONCE) return { ...withoutMemory(projects), isNext };
  const looks = await recallLooks(due);
  if (looks === undefined) return { ...withoutMemory(fromAnywhere(projects, runtime.random())), isNext };
  const rungs = rungsOf(due);
  const nowMs = runtime.now().getTime();
  const lookedMs = ({ projectId }: ProjectRef): number => {
    const { atMs = 0 } = looks[projectId] ?? {};
    return isAhead(atMs, nowMs) ? 0 : atMs;
  };
  const { publishedMs = Infinity } = due;
  const isLookedAt = ({ projectId }: ProjectRef): boolean => {
    const finished = looks[projectId]?.finished;
    if (finished === undefined || isAhead(finished.atMs, nowMs) || finished.atMs < publishedMs) return false;
    // Under more rungs than these it was looked at under these as well.
    const under = new Set(finished.rungs.split(' '));
    return rungs.every((rung) => under.has(rung));
  };
  const noted = new Map<string, Look>();
  return {
    projects: projects.filter((one) => !isLookedAt(one)).sort((a, b) => lookedMs(a) - lookedMs(b)),
    lookedAt: projects.filter(isLookedAt),
    isRemembered: true,
    isNext,
    async noteLook(projectId, isFinished) {
      const atMs = runtime.now().getTime();
      noted.set(projectId, { atMs, ...(isFinished ? { finished: { atMs, rungs: rungs.join(' ') } } : {}) });
      if (noted.size % WRITE_EVERY === 0) await noteLooks(due, projects, Object.fromEntries(noted));
    },
    async close() {
      if (noted.size > 0) await noteLooks(due, projects, Object.fromEntries(noted));
    },
  };
}

function withoutMemory(projects: readonly ProjectRef[]): Omit<Turns, 'isNext'> {
  const nothing = (): Promise<void> => Promise.resolve();
  return { projects, lookedAt: [], isRemembered: false, noteLook: nothing, close: nothing };
}

/** The same ring, begun at another place. `random`: 0 to 1. */
function fromAnywhere(projects: readonly ProjectRef[], random: number): readonly ProjectRef[] {
  const start = Math.floor(random * projects.length);
  return [...projects.slice(start), ...projects.slice(0, start)];
}

/** Those that act on projects: a tick holds these alone, a message notifies as well. */
function rungsOf({ verdict }: Due): readonly string[] {
  return verdict.rungs.filter((rung) => rung.do !== 'notify').map((rung) => `${rung.do}@${rung.at}`);
}

const NOTHING: z.infer<typeof memorySchema> = { version: 1, looks: {} };

/** `spend/A/B/looks.json` in the state bucket. */
function memoryOf({ budget }: Due) {
  return expendableObject(`spend/${budgetPath(budget.name)}/looks.json`, memorySchema, NOTHING);
}

/** Undefined where there is no memory: observing keeps none. */
async function recallLooks(due: Due): Promise<Looks | undefined> {
  const { state, log } = due.context;
  if (state === undefined || due.config.mode === 'observe') return undefined;
  const memory = memoryOf(due);
  try {
    return memory.parse((await state.read(memory.name))?.text).looks;
  } catch (error) {
    log(
      'WARNING',
      `Cannot read which projects of ${due.budget.name} were looked at last: ${messageOf(error)}`,
    );
    return undefined;
  }
}

/** Projects that the budget no longer has are forgotten. */
async function noteLooks(due: Due, projects: readonly ProjectRef[], noted: Looks): Promise<void> {
  const { state, runtime, log } = due.context;
  if (state === undefined) return;
  const nowMs = runtime.now().getTime();
  try {
    await updateStateObject(state, runtime, memoryOf(due), ({ version, looks }) => ({
      version,
      looks: Object.fromEntries(
        projects.flatMap(({ projectId }) => {
          // Another run may have looked later.
          const both = [looks[projectId], noted[projectId]];
          const latest = latestOf(both, nowMs);
          const finished = latestOf(
            both.map((one) => one?.finished),
            nowMs,
          );
          if (latest === undefined) return [];
          return [[projectId, { atMs: latest.atMs, ...(finished === undefined ? {} : { finished }) }]];
        }),
      ),
    }));
  } catch (error) {
    log('WARNING', `Cannot note which projects of ${due.budget.name} were looked at: ${messageOf(error)}`);
  }
}

function latestOf<T extends Pick<Finished, 'atMs'>>(
  all: readonly (T | undefined)[],
  nowMs: number,
): T | undefined {
  return all
    .flatMap((one) => (one === undefined || isAhead(one.atMs, nowMs) ? [] : [one]))
    .sort((a, b) => b.atMs - a.atMs)[0];
}
