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

const lookSchema = z.object({
  /** When it was looked at last and nothing was left open. */
  atMs: z.number(),
  /** Under which rungs. */
  rungs: z.string(),
});
const memorySchema = z.object({ version: z.literal(1), looks: z.record(z.string(), lookSchema) });
type Looks = Readonly<Record<string, z.infer<typeof lookSchema>>>;

/** In which order the projects of a budget have their turn, where one event may not be enough for all. */
export interface Turns {
  /** The one whose last look is oldest first. */
  readonly projects: readonly ProjectRef[];
  /** Those that an earlier delivery of this message has looked at, under the same rungs. */
  readonly lookedAt: readonly ProjectRef[];
  /** Whether there is time for another; the first ones begin in any case. */
  isNext(): boolean;
  /** Notes that a project was looked at and nothing was left open. */
  noteLook(projectId: string): Promise<void>;
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
  const isLookedAt = (one: ProjectRef): boolean =>
    looks[one.projectId]?.rungs === rungs && lookedMs(one) >= publishedMs;
  const noted = new Map<string, Looks[string]>();
  return {
    projects: projects.filter((one) => !isLookedAt(one)).sort((a, b) => lookedMs(a) - lookedMs(b)),
    lookedAt: projects.filter(isLookedAt),
    isNext,
    async noteLook(projectId) {
      noted.set(projectId, { atMs: runtime.now().getTime(), rungs });
      if (noted.size % WRITE_EVERY === 0) await noteLooks(due, projects, Object.fromEntries(noted));
    },
    async close() {
      if (noted.size > 0) await noteLooks(due, projects, Object.fromEntries(noted));
    },
  };
}

function withoutMemory(projects: readonly ProjectRef[]): Omit<Turns, 'isNext'> {
  const nothing = (): Promise<void> => Promise.resolve();
  return { projects, lookedAt: [], noteLook: nothing, close: nothing };
}

/** The same ring, begun at another place. `random`: 0 to 1. */
function fromAnywhere(projects: readonly ProjectRef[], random: number): readonly ProjectRef[] {
  const start = Math.floor(random * projects.length);
  return [...projects.slice(start), ...projects.slice(0, start)];
}

function rungsOf({ verdict }: Due): string {
  return verdict.rungs.map((rung) => `${rung.do}@${rung.at}`).join(' ');
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
          const both = [looks[projectId], noted[projectId]].filter(
            (one) => one !== undefined && !isAhead(one.atMs, nowMs),
          );
          // Another run may have looked later.
          const latest = both.sort((a, b) => (b?.atMs ?? 0) - (a?.atMs ?? 0))[0];
          return latest === undefined ? [] : [[projectId, latest]];
        }),
      ),
    }));
  } catch (error) {
    log('WARNING', `Cannot note which projects of ${due.budget.name} were looked at: ${messageOf(error)}`);
  }
}
