import * as z from 'zod/mini';
import { BusyError } from '../google/google-api-error.ts';
import type { Runtime } from './runtime.ts';
import { updateStateObject, type StateObject } from '../state/compare-and-swap.ts';
import type { State } from '../state/state.ts';

/** Where a sweep that does not fit into one event stands; what its message says and the state bucket remembers. */
export interface SweepPart {
  /** The id of the tick's message: the same in every part and every delivery. */
  readonly id: string;
  /** 1 is the tick itself. */
  readonly part: number;
  /** The last resource of the part before, in the order of the listing. */
  readonly after: string;
  /** `gs://…`: the receipt of the part before. */
  readonly previous?: string | undefined;
  /** What the parts before have used up of the run's cap; absent for none. */
  readonly used?: number | undefined;
}

/** The latest such sweep of one project. */
interface Chain extends SweepPart {
  readonly done: boolean;
  /** Something failed in one of its parts: once all is seen, the sweep begins again. */
  readonly failed: boolean;
  readonly holder?: { readonly runId: string; readonly untilMs: number } | undefined;
}

export type Claim =
  | { readonly kind: 'go'; readonly part: SweepPart }
  /** An earlier delivery did this part; the message of the next one may be lost and is published (again). */
  | { readonly kind: 'publish'; readonly part: SweepPart }
  | { readonly kind: 'ignore'; readonly why: string };

/** Longer than an event can run. */
const LEASE_MS = 560_000;

/** Instances' clocks agree within seconds. A lease that is longer than this allows was written by a wrong one and holds no run up. */
const CLOCK_SKEW_MS = 60_000;

const chainSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  part: z.int().check(z.gte(1)),
  after: z.string(),
  previous: z.optional(z.string()),
  used: z.optional(z.int().check(z.gte(0))),
  done: z.boolean(),
  failed: z.boolean(),
  holder: z.optional(z.object({ runId: z.string(), untilMs: z.number() })),
});

/** What a chain needs of a run. */
export interface ChainContext {
  readonly state: State | undefined;
  readonly runtime: Runtime;
  readonly projectId: string;
}

function chainObject({ runtime, projectId }: ChainContext): StateObject<Chain | undefined> {
  return {
    name: `sweeps/${runtime.functionName}/${projectId}.json`,
    parse(text) {
      try {
        return text === undefined ? undefined : chainSchema.parse(JSON.parse(text));
      } catch {
        // As if there were none: then a sweep looks at everything, which is always right.
        return undefined;
      }
    },
    print: (chain) => (chain === undefined ? '' : JSON.stringify({ version: 1, ...chain })),
  };
}

/**
 * Takes a part for this run, or says that there is nothing to do. One run at a time works on a part, and no part is worked
 * on again once the next one is due. Throws `BusyError` while another run is at work on it.
 */
export async function claimPart(context: ChainContext, part: SweepPart, runId: string): Promise<Claim> {
  const { state, runtime } = context;
  if (state === undefined) return { kind: 'go', part };
  const object = chainObject(context);
  const nowMs = runtime.now().getTime();
  // A tick takes no lease: only at its end it shows whether it needs a second part.
  if (part.part === 1) return judgeClaim(object.parse((await state.read(object.name))?.text), part, nowMs);
  let claim: Claim = { kind: 'go', part };
  await updateStateObject(state, runtime, object, (chain) => {
    claim = judgeClaim(chain, part, nowMs);
    if (claim.kind !== 'go') return chain;
    const holder = { runId, untilMs: nowMs + LEASE_MS };
    return { failed: chain?.failed ?? false, ...claim.part, done: false, holder };
  });
  return claim;
}

function judgeClaim(chain: Chain | undefined, part: SweepPart, nowMs: number): Claim {
  if (chain === undefined) return { kind: 'go', part };
  const of = `sweep ${part.id}, part ${part.part}`;
  if (chain.id !== part.id)
    return part.part === 1
      ? { kind: 'go', part }
      : { kind: 'ignore', why: `${of}: sweep ${chain.id} took its place` };
  if (chain.done) return { kind: 'ignore', why: `${of}: the sweep is finished` };
  const { id, after, previous, used, holder } = chain;
  const leftMs = holder === undefined ? 0 : holder.untilMs - nowMs;
  const isHeld = leftMs > 0 && leftMs <= LEASE_MS + CLOCK_SKEW_MS;
  const due = { id, part: chain.part, after, previous, ...usedUp(used) };
  if (chain.part > part.part)
    return isHeld || chain.part > part.part + 1
      ? { kind: 'ignore', why: `${of}: part ${chain.part} is under way` }
      : { kind: 'publish', part: due };
  if (isHeld) throw new BusyError(`Cannot go on with ${of}: run ${holder?.runId ?? ''} is at work on it`);
  return { kind: 'go', part: due };
}

/** How a part ended. */
export interface PartEnd {
  readonly runId: string;
  /** Where the next part goes on; undefined when the listing was read to its end. */
  readonly next: string | undefined;
  /** The listing broke off: `reached` is as far as it came. */
  readonly reached: string;
  readonly unread: boolean;
  readonly failed: boolean;
  readonly stored: string | undefined;
  /** What is used up of the run's cap so far, with the parts before. */
  readonly used?: number;
}

function usedUp(used: number | undefined): Pick<SweepPart, 'used'> {
  return used === undefined || used === 0 ? {} : { used };
}

/** What follows a part. */
export interface Due {
  /** Absent when there is none, and when another run took the sweep over. */
  readonly next?: SweepPart | undefined;
  /** All was seen, and something failed on the way: the next delivery of this message begins again at the start. */
  readonly again: boolean;
}

/** Notes how a part ended. A part whose listing broke off is left to the next delivery of its message. */
export async function endPart(context: ChainContext, part: SweepPart, end: PartEnd): Promise<Due> {
  const { state, runtime } = context;
  const next =
    end.next === undefined
      ? undefined
      : { id: part.id, part: part.part + 1, after: end.next, previous: end.stored, ...usedUp(end.used) };
  if (state === undefined || (part.part === 1 && next === undefined)) return { next, again: false };
  let due: SweepPart | undefined;
  let again = false;
  await updateStateObject(state, runtime, chainObject(context), (chain) => {
    due = undefined;
    again = false;
    if (part.part === 1 && chain?.id !== part.id) {
      due = next;
      return next === undefined ? chain : { ...next, done: false, failed: end.failed };
    }
    if (chain?.id !== part.id) return chain;
    // Another delivery came to the same end and may not live to publish it.
    if (chain.part === part.part + 1 && chain.holder === undefined && !chain.done) due = chain;
    if (chain.part !== part.part || chain.holder?.runId !== end.runId) return chain;
    const failed = chain.failed || end.failed;
    const { id, previous } = part;
    if (end.unread)
      return { id, part: part.part, after: end.reached, previous, ...usedUp(end.used), done: false, failed };
    again = next === undefined && failed;
    if (next === undefined) return { id, part: part.part, after: '', previous, done: !failed, failed: false };
    due = next;
    return { ...next, done: false, failed };
  });
  return { next: due, again };
}
