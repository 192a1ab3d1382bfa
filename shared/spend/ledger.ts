import * as z from 'zod/mini';
import { isAhead } from '../units.ts';
import { bandSchema } from './band.ts';
import { regionLooksSchema } from './region-looks.ts';

/** Something that ran when it was last seen. */
const runningSchema = z.object({
  resource: z.string(),
  kind: z.string(),
  /** USD an hour. */
  rate: bandSchema,
  /** USD an hour at the most before its price leapt, for as long as it leaps: `rate.low` is of then. */
  highBefore: z.optional(z.number()),
  /** Of how many machines, or chips, the rate is at the most; absent of one, and in what an older version kept. */
  machines: z.optional(z.number()),
  /** When it was created, where the API tells; milliseconds since the epoch. */
  createdMs: z.optional(z.number()),
  /** When it was started, as the API tells; milliseconds since the epoch. */
  startedMs: z.optional(z.number()),
  /** When it was last seen, and first. */
  seenMs: z.number(),
  firstMs: z.optional(z.number()),
  /** Since when it counts in `low`, and with how much an hour at the most, where that is not since `firstMs` with its rate. */
  proven: z.optional(z.object({ sinceMs: z.number(), usdPerHour: z.number() })),
  /** Since when something of it is expected, where that is not since `firstMs`. */
  expectedMs: z.optional(z.number()),
  owner: z.optional(z.string()),
  /** What it is, for people. */
  description: z.optional(z.string()),
  /** Why it has no price: `rate` then holds what is known at the least, and the policy's bound at the most. */
  unpriced: z.optional(z.string()),
});

/** Something that appeared, or was gone, at a look. */
const changeSchema = z.object({
  atMs: z.number(),
  what: z.enum(['appeared', 'gone']),
  resource: z.string(),
  kind: z.string(),
  /** Expected. */
  usdPerHour: z.number(),
});

/** Something unusual that people are not told of yet. */
const untoldSchema = z.object({
  /** The same for as long as it is the same one. */
  key: z.string(),
  kind: z.enum(['burn-rose', 'idle-gpu', 'new-kind']),
  /** Full name. */
  resource: z.string(),
  owner: z.optional(z.string()),
  usdPerHour: z.number(),
  says: z.string(),
  /** The look that found it. */
  foundMs: z.number(),
  /** The look whose run tells it; absent where no run does: the next one takes it. */
  takenMs: z.optional(z.number()),
});

/** Expected, USD, since the billing day and month began. */
const ownerSchema = z.object({ dayUsd: z.number(), monthUsd: z.number() });

/** What had accrued since the ledger began, in USD. */
const checkpointSchema = z.extend(bandSchema, {
  atMs: z.number(),
  /** A billing day begins here: kept for as long as budgets have periods. */
  day: z.optional(z.literal(true)),
});

const kindsSchema = z.record(z.string(), z.number());

const ledgerSchema = z.object({
  version: z.literal(1),
  project: z.string(),
  /** The first look: nothing is known of what came before it. */
  sinceMs: z.number(),
  lookedMs: z.number(),
  /** The last look that saw all; undefined before there is one. */
  completeMs: z.optional(z.number()),
  /** USD an hour at the first complete look, at the most. */
  firstHighRate: z.number(),
  running: z.array(runningSchema),
  /** Ascending; the last one is that of the last look. */
  checkpoints: z.array(checkpointSchema).check(z.minLength(1)),
  /** Accrued by kind, expected, since the ledger began; and how much of it when each billing day began. */
  kinds: kindsSchema,
  days: z.array(z.object({ atMs: z.number(), kinds: kindsSchema })),
  /** What accrued by owner; the largest of them, and `other owners`. */
  owners: z.optional(z.record(z.string(), ownerSchema)),
  /** Of the last hour, ascending; the last of them where there are many. */
  changes: z.optional(z.array(changeSchema)),
  /** What the last look could not see, the first of it. */
  gaps: z.optional(z.array(z.object({ where: z.string(), why: z.string() }))),
  /** Anomalies that people were told of: when, and at what burn of it. */
  told: z.optional(z.record(z.string(), z.object({ atMs: z.number(), usdPerHour: z.number() }))),
  /** What was found and is not told yet, ascending. */
  untold: z.optional(z.array(untoldSchema)),
  /** When the load of GPUs was last looked at. */
  gpusMs: z.optional(z.number()),
  /** Until when something is taken not to be offered, such as `tuningJobs in me-central1`. */
  notOffered: z.optional(z.record(z.string(), z.number())),
  /** Which regions were looked at when. What is damaged of it costs one look at all of them, and no ledger. */
  looks: z.optional(
    z.catch(regionLooksSchema, { listedMs: 0, regions: {}, held: {}, failed: [], answered: {} }),
  ),
});

export type Running = Readonly<z.infer<typeof runningSchema>>;
export type Change = Readonly<z.infer<typeof changeSchema>>;
export type Untold = Readonly<z.infer<typeof untoldSchema>>;
export type OwnerSpend = Readonly<z.infer<typeof ownerSchema>>;
export type Checkpoint = Readonly<z.infer<typeof checkpointSchema>>;

/** What has accrued in one project, from what was seen to run and its prices. Serves the budgets of every period. */
export type Ledger = Readonly<z.infer<typeof ledgerSchema>>;

/** `ledgers/PROJECT.json` in the state bucket. */
export function ledgerObject(projectId: string): string {
  return `ledgers/${projectId}.json`;
}

export type ReadLedger =
  | { readonly kind: 'ledger'; readonly ledger: Ledger }
  /** There is none, or none that can be used; `why` says which. It begins anew. */
  | { readonly kind: 'none'; readonly why: string }
  /** Written by a later costguard, which goes on with it: left alone. */
  | { readonly kind: 'newer'; readonly why: string };

/**
 * Reads a ledger's text. One that is damaged, of another project or, where `nowMs` is given, of a moment ahead of the clock counts as
 * none, and says so: what accrued before is unknown, not zero.
 */
export function parseLedger(project: string, text: string | undefined, nowMs = Infinity): ReadLedger {
  if (text === undefined) return { kind: 'none', why: 'there is no ledger yet' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'none', why: 'the ledger is damaged: it is not JSON' };
  }
  const version = z.looseObject({ version: z.number() }).safeParse(value);
  if (version.success && version.data.version > 1)
    return {
      kind: 'newer',
      why: `the ledger has version ${version.data.version}, and this costguard knows 1`,
    };
  const parsed = ledgerSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return {
      kind: 'none',
      why: `the ledger is damaged: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    };
  }
  if (parsed.data.project !== project)
    return { kind: 'none', why: `the ledger is of "${parsed.data.project.slice(0, 100)}"` };
  if (isAhead(parsed.data.lookedMs, nowMs))
    return {
      kind: 'none',
      why: `the ledger is of ${new Date(parsed.data.lookedMs).toISOString()}, which is still to come`,
    };
  const wrong = contradiction(parsed.data);
  return wrong === undefined
    ? { kind: 'ledger', ledger: parsed.data }
    : { kind: 'none', why: `the ledger is damaged: ${wrong}` };
}

/** Sums only grow, and time only passes. */
function contradiction({ checkpoints, lookedMs, sinceMs, completeMs, running }: Ledger): string | undefined {
  const odd = running.find(({ rate: { low, expected, high } }) => !isOrdered([0, low, expected, high]));
  if (odd !== undefined) return `the rate of "${odd.resource.slice(0, 100)}" is out of order`;
  for (const [index, { atMs, low, expected, high }] of checkpoints.entries()) {
    const before = checkpoints[index - 1];
    if (![atMs, low, expected, high].every(Number.isFinite)) return `checkpoint ${index} is not a number`;
    if (!isOrdered([low, expected, high])) return `checkpoint ${index} is out of order`;
    if (
      before !== undefined &&
      (atMs <= before.atMs || low < before.low || expected < before.expected || high < before.high)
    )
      return `checkpoint ${index} is less than the one before it`;
  }
  const [first] = checkpoints;
  const last = checkpoints.at(-1);
  if (first?.atMs !== sinceMs || last?.atMs !== lookedMs)
    return 'its checkpoints do not reach from the first look to the last';
  return completeMs !== undefined && completeMs > lookedMs
    ? 'its last look that saw all is after its last look'
    : undefined;
}

const CENT = 0.01;

/** Each within a cent not below the one before it. */
function isOrdered(values: readonly number[]): boolean {
  return values.every((value, index) => value >= (values[index - 1] ?? value) - CENT);
}

/** As it is stored: to a millionth of a dollar. */
export function printLedger(ledger: Ledger): string {
  return JSON.stringify(ledger, (_key, value: unknown) =>
    typeof value === 'number' ? Math.round(value * 1e6) / 1e6 : value,
  );
}
