import * as z from 'zod/mini';
import { rungActions, type RungAction } from '../policy/policy.ts';
import { updateStateObject, type Pauses, type StateObject } from './compare-and-swap.ts';
import type { State } from './state.ts';

/** The switch looks every 10 minutes while a rung is in force: what it has not said again for so long is in force no longer. */
const LIFE_MS = 30 * 60_000;

const entrySchema = z.object({ rungs: z.array(z.enum(rungActions)), atMs: z.number() });

/** By budget, `billingAccounts/A/budgets/B`. */
type InForce = Readonly<Record<string, z.infer<typeof entrySchema>>>;

const objectSchema = z.object({ version: z.literal(1), budgets: z.record(z.string(), entrySchema) });

/** A rung that is in force on a project. */
export interface RungInForce {
  readonly budget: string;
  readonly rung: RungAction;
}

/** Says which rungs of a budget are in force on a project now, for the functions that would start what these stop. */
export async function noteRungsInForce(
  state: State,
  pauses: Pauses,
  projectId: string,
  {
    budget,
    rungs,
    atMs,
  }: { readonly budget: string; readonly rungs: readonly RungAction[]; readonly atMs: number },
): Promise<void> {
  await updateStateObject(state, pauses, objectOf(projectId), (before) => {
    const others = Object.entries(before).filter(([name, entry]) => name !== budget && isAlive(entry, atMs));
    return Object.fromEntries(
      rungs.length === 0 ? others : [...others, [budget, { rungs: [...rungs], atMs }]],
    );
  });
}

/** The first rung in force on a project that stops notebooks; undefined where there is none. Throws `GoogleApiError`. */
export async function notebookRungInForce(
  state: State,
  projectId: string,
  nowMs: number,
): Promise<RungInForce | undefined> {
  const object = objectOf(projectId);
  const known = object.parse((await state.read(object.name))?.text);
  return Object.entries(known)
    .filter(([, entry]) => isAlive(entry, nowMs))
    .flatMap(([budget, { rungs }]) => rungs.map((rung) => ({ budget, rung })))
    .find(({ rung }) => rung !== 'notify');
}

function isAlive({ atMs }: { readonly atMs: number }, nowMs: number): boolean {
  return nowMs - atMs < LIFE_MS;
}

function objectOf(projectId: string): StateObject<InForce> {
  return {
    name: `spend/in-force/${projectId}.json`,
    parse(text) {
      if (text === undefined) return {};
      try {
        return objectSchema.parse(JSON.parse(text)).budgets;
      } catch {
        // The switch writes it anew at its next look.
        return {};
      }
    },
    print: (budgets) => JSON.stringify({ version: 1, budgets }),
  };
}
