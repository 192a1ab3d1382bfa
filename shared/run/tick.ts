import * as z from 'zod/mini';
import { messageOf, PermanentError } from '../errors.ts';
import { quote } from './message.ts';
import type { SweepPart } from './sweep-chain.ts';

/** One tick: the whole scope, one project of it, or what is left of a project that did not fit into one event. */
export type Tick =
  | { readonly kind: 'scope' }
  | {
      readonly kind: 'project';
      readonly projectId: string;
      readonly part?: SweepPart;
      /**
       * One of the first projects of a tick for the whole scope: those before it, none of the very first one. Absent of the others, and in
       * a message that a user sent.
       */
      readonly earlier?: readonly string[];
      /** The tick for the whole scope that it was made of; absent in a message that a user sent. */
      readonly origin?: TickOrigin;
    };

/** The message of a tick as Scheduler or a user sent it: the same however often it, and what it became, is delivered. */
export interface TickOrigin {
  /** The message's id, its first 200 characters. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly publishedMs: number;
}

const partSchema = z.strictObject({
  id: z.string().check(z.minLength(1), z.maxLength(200)),
  part: z.int().check(z.gte(2), z.lte(100_000)),
  after: z.string().check(z.maxLength(1_000)),
  previous: z.optional(z.string().check(z.startsWith('gs://'), z.maxLength(2_000))),
  used: z.optional(z.int().check(z.gte(0))),
});

/** So many projects of a tick may tell what is of all of them, each where those before it are not swept. */
export const MAX_TELLERS = 20;

/** The last moment that a Date can hold. */
const MAX_MS = 8_640_000_000_000_000;

const originSchema = z.strictObject({
  id: z.string().check(z.maxLength(200)),
  publishedMs: z.int().check(z.gte(0), z.lte(MAX_MS)),
});

const projectSchema = z.string().check(z.regex(/^[a-z0-9.:-]{4,62}$/));

const tickSchema = z
  .strictObject({
    project: z.optional(projectSchema),
    /** Written by costguard itself, see `continueTick`. */
    sweep: z.optional(partSchema),
    /** Written by costguard itself: this one tells what is of all projects of the tick, where none of these does. */
    first: z.optional(z.union([z.literal(true), z.array(projectSchema).check(z.maxLength(MAX_TELLERS))])),
    /** Written by costguard itself, see `projectTick`. */
    tick: z.optional(originSchema),
  })
  .check(
    z.refine(({ project, sweep }) => sweep === undefined || project !== undefined, 'sweep without project'),
    z.refine(({ project, first }) => first === undefined || project !== undefined, 'first without project'),
    z.refine(({ project, tick }) => tick === undefined || project !== undefined, 'tick without project'),
  );

/** Reads a tick's text: `{}` for the whole scope, `{"project": "ID"}` for one. Throws {@link PermanentError}. */
export function parseTick(text: string): Tick {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new PermanentError(
      `Cannot read the tick ${quote(text)}: it is not JSON (${messageOf(error)}); send {} or {"project": "ID"}`,
    );
  }
  const tick = tickSchema.safeParse(value);
  if (!tick.success)
    throw new PermanentError(
      `Cannot read the tick ${quote(text)}: ${tick.error.issues[0]?.message ?? 'wrong shape'}; send {} or {"project": "ID"}`,
    );
  const { project, sweep, first, tick: origin } = tick.data;
  if (project === undefined) return { kind: 'scope' };
  return {
    kind: 'project',
    projectId: project,
    ...(sweep === undefined ? {} : { part: sweep }),
    ...(first === undefined ? {} : { earlier: first === true ? [] : first }),
    ...(origin === undefined ? {} : { origin }),
  };
}

/** The text of a message for one project of a tick for the whole scope. A second delivery of the tick makes the same text again. */
export function projectTick(projectId: string, { id, publishedMs }: TickOrigin): string {
  return JSON.stringify({ project: projectId, tick: { id, publishedMs } });
}

/** The text of the message that goes on with a sweep. */
export function continueTick(projectId: string, { id, part, after, previous, used }: SweepPart): string {
  return JSON.stringify({ project: projectId, sweep: { id, part, after, previous, used } });
}

/**
 * A tick older than this is not acted on: the next one has looked, or will look, at a fresher world. Redelivery after
 * a failure stays well inside.
 */
export const STALE_AFTER_MINUTES = 60;

export function isStale(publishedMs: number | undefined, nowMs: number): boolean {
  return publishedMs !== undefined && nowMs - publishedMs > STALE_AFTER_MINUTES * 60_000;
}
