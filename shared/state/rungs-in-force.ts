import * as z from 'zod/mini';
import { rungActions, type RungAction } from '../policy/policy.ts';
import { updateStateObject, type Pauses, type StateObject } from './compare-and-swap.ts';
import { expendableObject } from './expendable-object.ts';
import type { State } from './state.ts';

/** The switch looks every 5 minutes while a rung is in force: what it has not said again for so long is in force no longer. */
const LIFE_MS = 30 * 60_000;

const entrySchema = z.object({
  rungs: z.array(z.enum(rungActions)),
  /** Those of them that spend-watch's estimate alone makes due. Absent: none. */
  estimated: z.optional(z.array(z.enum(rungActions))),
  atMs: z.number(),
  /** First day of the budget's period. Absent in what earlier versions wrote. */
  period: z.optional(z.string()),
});

/** `budgets`: by name, `billingAccounts/A/budgets/B`. */
const objectSchema = z.object({ version: z.literal(1), budgets: z.record(z.string(), entrySchema) });
type Stored = z.infer<typeof objectSchema>;

/** A rung that is in force on a project. */
export interface RungInForce {
  readonly budget: string;
  readonly rung: RungAction;
  /** It is in force by spend-watch's estimate alone. */
  readonly byEstimate?: true;
  /** First day of the budget's period; absent where an earlier version said it. */
  readonly period?: string | undefined;
}

/**
 * Says which rungs of a budget are in force on a project, for the functions that would start what these stop. `atMs` is the moment
 * of the verdict, before what it goes by was read: what a later one has said stays.
 */
export async function noteRungsInForce(
  state: State,
  pauses: Pauses,
  projectId: string,
  {
    budget,
    rungs,
    estimated = [],
    atMs,
    period,
  }: {
    readonly budget: string;
    readonly rungs: readonly RungAction[];
    readonly estimated?: readonly RungAction[];
    readonly atMs: number;
    readonly period?: string;
  },
): Promise<void> {
  await updateStateObject(state, pauses, objectOf(projectId), (before): Stored => {
    const others = Object.entries(before.budgets).filter(
      ([name, entry]) => name !== budget && isAlive(entry, atMs),
    );
    const known = before.budgets[budget];
    if (known !== undefined && known.atMs > atMs && isAlive(known, atMs)) return before;
    const entry = {
      ...{ rungs: [...rungs], atMs, period },
      ...(estimated.length === 0 ? {} : { estimated: [...estimated] }),
    };
    const own = rungs.length === 0 ? {} : { [budget]: entry };
    return { version: 1, budgets: { ...Object.fromEntries(others), ...own } };
  });
}

/** The rungs in force on a project that take something away, each budget's from the lowest on. Throws `GoogleApiError`. */
export async function rungsInForce(
  state: State,
  projectId: string,
  nowMs: number,
): Promise<readonly RungInForce[]> {
  return (await saidInForce(state, projectId, nowMs))
    .flatMap(({ budget, rungs, estimated = [], period }) =>
      rungs.map((rung) => ({
        ...{ budget, rung, period },
        ...(estimated.includes(rung) ? { byEstimate: true as const } : {}),
      })),
    )
    .filter(({ rung }) => rung !== 'notify');
}

/** What the switch has said of a budget's rungs on a project, and when, milliseconds since the epoch. */
export interface SaidInForce extends z.infer<typeof entrySchema> {
  readonly budget: string;
}

/** What was said last of the budgets of a project, as far as it still counts. Throws `GoogleApiError`. */
export async function saidInForce(
  state: State,
  projectId: string,
  nowMs: number,
): Promise<readonly SaidInForce[]> {
  const object = objectOf(projectId);
  const { budgets } = object.parse((await state.read(object.name))?.text);
  return Object.entries(budgets)
    .filter(([, entry]) => isAlive(entry, nowMs))
    .map(([budget, entry]) => ({ budget, ...entry }));
}

/** The first rung in force on a project that stops notebooks; undefined where there is none. Throws `GoogleApiError`. */
export async function notebookRungInForce(
  state: State,
  projectId: string,
  nowMs: number,
): Promise<RungInForce | undefined> {
  return (await rungsInForce(state, projectId, nowMs))[0];
}

/** A moment far ahead was written by a clock that was wrong, or by hand. */
function isAlive({ atMs }: { readonly atMs: number }, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) < LIFE_MS;
}

/** The switch writes a damaged one anew at its next look. */
function objectOf(projectId: string): StateObject<Stored> {
  return expendableObject(`spend/in-force/${projectId}.json`, objectSchema, { version: 1, budgets: {} });
}
