import * as z from 'zod/mini';
import { isAhead } from '../units.ts';
import { budgetPath } from './budget-path.ts';

/** A report of cost: what the budget's messages said from this moment on. */
const pointSchema = z.object({ atMs: z.number(), cost: z.number() });

const periodSchema = z.object({
  startMs: z.number(),
  /** Absent for a period without an end. */
  endMs: z.optional(z.number()),
  /** Those that brought a new figure, ascending: a message that repeats one says nothing new. */
  points: z.array(pointSchema),
});

const messagesSchema = z.object({
  version: z.literal(1),
  /** billingAccounts/A/budgets/B */
  budget: z.string(),
  displayName: z.string(),
  currencyCode: z.string(),
  /** In that currency. */
  amount: z.number(),
  /** Ids of the budget's projects; `complete` when all could be read. */
  projects: z.array(z.string()),
  complete: z.boolean(),
  /** The projects as the budget's filter names them; absent in what an older version kept. */
  filter: z.optional(z.array(z.string())),
  /** What else its filter names (`services`, `labels`): its cost is not that of its projects. Absent in what an older version kept. */
  narrowed: z.optional(z.array(z.string())),
  /** When the last message was published. */
  lastMs: z.number(),
  period: periodSchema,
  previous: z.optional(periodSchema),
});

export type CostPoint = Readonly<z.infer<typeof pointSchema>>;
export type BudgetPeriod = Readonly<z.infer<typeof periodSchema>>;

/** What a budget's messages said lately. The switch keeps it, spend-watch reads it. */
export type BudgetMessages = Readonly<z.infer<typeof messagesSchema>>;

/** One message, with what its budget says of itself. */
export interface CostMessage extends Pick<
  BudgetMessages,
  'budget' | 'displayName' | 'currencyCode' | 'amount' | 'projects' | 'complete' | 'filter' | 'narrowed'
> {
  readonly publishedMs: number;
  readonly cost: number;
  readonly startMs: number;
  readonly endMs: number | undefined;
}

/** Of a budget with more projects than this no estimate is made, and its projects are not kept. */
export const MAX_BUDGET_PROJECTS = 100;

/** Enough for a fit: messages come every 20 to 30 minutes, and what lies days back says little about now. */
const MAX_POINTS = 64;

/** `messages/A/B.json` in the state bucket. */
export function messagesObject(budget: string): string {
  return `messages/${budgetPath(budget)}.json`;
}

/** Undefined for what is not there, or is not of this version. */
export function parseMessages(text: string | undefined): BudgetMessages | undefined {
  if (text === undefined) return undefined;
  try {
    return messagesSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Why what is stored of a budget has no messages that can be used. Of a later version: the costguard that wrote it goes on with it. */
export function whyNoMessages(
  budget: string,
  text: string | undefined,
): { readonly kind: 'missing' | 'damaged' | 'newer'; readonly why: string } {
  if (text === undefined)
    return { kind: 'missing', why: 'none of its messages has reached the kill switch yet' };
  const damaged = { kind: 'damaged', why: `"${messagesObject(budget)}" is damaged` } as const;
  try {
    const { version } = z.looseObject({ version: z.number() }).parse(JSON.parse(text));
    return version > 1
      ? {
          kind: 'newer',
          why: `"${messagesObject(budget)}" has version ${version}, and this costguard knows 1`,
        }
      : damaged;
  } catch {
    return damaged;
  }
}

/**
 * What is known after one more message. Duplicates, and messages that come late, change nothing. Any other start begins anew: an
 * earlier one is that of a budget that was edited, from a month to a quarter. So do other projects, whose cost is another one, and what
 * is dated ahead of the clock, for it would keep out every message until then. Pure.
 */
export function addMessage(
  stored: BudgetMessages | undefined,
  message: CostMessage,
  nowMs: number,
): BudgetMessages {
  const before = isOfFuture(stored, Math.max(nowMs, message.publishedMs)) ? undefined : stored;
  const { publishedMs, cost, startMs, endMs, ...about } = message;
  const last = before?.budget === message.budget ? before : undefined;
  if (last !== undefined && publishedMs <= last.lastMs) return last;
  const known = last !== undefined && isOfSame(last, message) ? last : undefined;
  const isNew = known?.period.startMs !== startMs;
  const points = isNew ? [] : known.period.points;
  const repeats = points.at(-1)?.cost === cost;
  const period: BudgetPeriod = {
    startMs,
    ...(endMs === undefined ? {} : { endMs }),
    points: repeats ? points : thin([...points, { atMs: publishedMs, cost }]),
  };
  const ended = isNew ? known?.period : known.previous;
  const previous = ended !== undefined && ended.startMs < startMs ? ended : undefined;
  return {
    version: 1,
    ...about,
    lastMs: publishedMs,
    period,
    ...(previous === undefined ? {} : { previous }),
  };
}

/** Whether two messages are about the cost of the same: by the filter, or by its projects where an older version kept no filter. */
function isOfSame(one: About, other: About): boolean {
  const isSame = (names: readonly string[] = [], others: readonly string[] = []): boolean =>
    [...names].sort().join() === [...others].sort().join();
  if (one.filter === undefined || other.filter === undefined) return isSame(one.projects, other.projects);
  return isSame(one.filter, other.filter) && isSame(one.narrowed, other.narrowed);
}

type About = Pick<BudgetMessages, 'filter' | 'narrowed' | 'projects'>;

function isOfFuture(stored: BudgetMessages | undefined, nowMs: number): boolean {
  if (stored === undefined) return false;
  const { lastMs, period } = stored;
  return [lastMs, period.startMs, ...period.points.map(({ atMs }) => atMs)].some((ms) => isAhead(ms, nowMs));
}

/**
 * The first one stays: it is what the period began with. So does each fall, however long ago: what was reported before it is not
 * proven any more.
 */
function thin(points: readonly CostPoint[]): CostPoint[] {
  if (points.length <= MAX_POINTS) return [...points];
  const left = points.findIndex((_, index) => index > 0 && !showsFall(points, index));
  const index = left > 0 && left < points.length - 1 ? left : 1;
  return thin([...points.slice(0, index), ...points.slice(index + 1)]);
}

/** Whether without a point one would see less of a fall. */
function showsFall(points: readonly CostPoint[], index: number): boolean {
  const cost = (at: number): number => points[at]?.cost ?? Infinity;
  return cost(index) < cost(index - 1) || cost(index + 1) < cost(index);
}
