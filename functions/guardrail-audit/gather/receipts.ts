import * as z from 'zod/mini';
import { textField, readItems } from '../../../shared/google/read-items.ts';
import { shellWord } from '../../../shared/report/shell-word.ts';
import { findNewestReceipt } from '../../../shared/state/receipts.ts';
import type { State } from '../../../shared/state/state.ts';
import type { ReceiptFacts } from '../facts.ts';
import type { Reading } from '../reading.ts';
import { attempt, type Look } from './attempt.ts';

const DAY_MS = 86_400_000;
/** Parts of one sweep that are followed back. */
const MAX_PARTS = 50;

const decisionSchema = z.looseObject({
  resource: z.string(),
  action: z.string(),
  reason: z.string(),
  evidence: z._default(z.record(z.string(), z.unknown()), {}),
  usdPerHour: z.union([z.number(), z.literal('unpriced')]),
});
const gapSchema = z.looseObject({ where: z.string(), why: z.string() });
const receiptSchema = z.looseObject({
  runId: z.string(),
  startedAt: z.string(),
  decisions: z.optional(z.unknown()),
  incomplete: z.optional(z.unknown()),
  failures: z.optional(z.unknown()),
  sweep: z.optional(z.looseObject({ previous: z.optional(z.string()), goesOn: z.optional(z.boolean()) })),
});

/** The command by which a function that has a tick makes a receipt. */
export function tickRemedy(functionName: string, operationsProject: string): string {
  return `gcloud scheduler jobs run costguard-${functionName} --location=REGION --project=${shellWord(operationsProject)}`;
}

/** The one of the egress auditor, which has none. */
export function callRemedy(operationsProject: string): string {
  return `gcloud functions call egress-auditor --gen2 --region=REGION --project=${shellWord(operationsProject)} --data='{}'`;
}

/** Where a receipt comes from, and how one is made. */
export interface ReceiptSource {
  readonly functionName: string;
  readonly maxAgeDays: number;
  /** Those of runs before this moment, or from this moment on, do not count, in milliseconds since the epoch; absent for none. */
  readonly sinceMs?: number | undefined;
  readonly beforeMs?: number | undefined;
  /** The command that makes one. */
  readonly remedy: string;
}

/**
 * What another function decided about the project, from its newest receipt: its judgement needs its own readings and policy, and
 * functions share no code. One that is missing or too old is unread, with the command that makes a new one.
 */
export async function readReceipt(
  look: Look,
  state: State | undefined,
  source: ReceiptSource,
): Promise<Reading<ReceiptFacts>> {
  const { functionName, maxAgeDays, sinceMs, beforeMs, remedy } = source;
  if (state === undefined)
    return { why: `no receipt of ${functionName} can be read: the policy names no state bucket` };
  const read = await attempt(look, `the receipts of ${functionName}`, async () => {
    const nowMs = look.now.getTime();
    const maxAgeMs = Math.min(maxAgeDays * DAY_MS, nowMs - (sinceMs ?? -Infinity));
    const query = { functionName, projectId: look.projectId, now: look.now, maxAgeMs, beforeMs };
    const name = await findNewestReceipt(look.api, state.bucket, query);
    return { value: name === undefined ? undefined : await readParts(state, name), gaps: [] };
  });
  if (!('value' in read)) return { ...read, remedy };
  const { value } = read;
  if (value === 'damaged') return { why: `the newest receipt of ${functionName} is damaged`, remedy };
  if (value === undefined)
    return {
      why: `${functionName} left no receipt about the project ${sinceMs === undefined ? `within ${maxAgeDays} days` : `since ${new Date(sinceMs).toISOString().slice(0, 10)}`}`,
      remedy,
    };
  return { value, gaps: [] };
}

/** Undefined for an object that is no receipt. */
function parseReceipt(text: string): z.infer<typeof receiptSchema> | undefined {
  try {
    const receipt = receiptSchema.safeParse(JSON.parse(text)).data;
    return receipt === undefined || Number.isNaN(Date.parse(receipt.startedAt)) ? undefined : receipt;
  } catch {
    return undefined;
  }
}

/** A sweep that took several events has a receipt for each. */
async function readParts(state: State, newest: string): Promise<ReceiptFacts | 'damaged' | undefined> {
  let facts: ReceiptFacts | undefined;
  let name: string | undefined = newest;
  for (let part = 0; name !== undefined && part < MAX_PARTS; part++) {
    const text: string | undefined = (await state.read(name))?.text;
    if (text === undefined) break;
    const receipt = parseReceipt(text);
    if (receipt === undefined) {
      if (facts === undefined) return 'damaged';
      return { ...facts, incomplete: [`the receipt ${name} of the sweep is damaged`, ...facts.incomplete] };
    }
    const decisions = readItems(receipt.decisions, decisionSchema, 'decisions');
    const incomplete = [
      ...readItems(receipt.incomplete, gapSchema, 'incomplete').items.map(
        ({ where, why }) => `${where}: ${why}`,
      ),
      ...(Array.isArray(receipt.failures)
        ? receipt.failures.map((one) => `${textField(one, 'resource') ?? 'a resource'} failed`)
        : []),
      ...(decisions.strange.length > 0
        ? [`${decisions.strange.length} of its decisions cannot be read`]
        : []),
      ...(facts === undefined && receipt.sweep?.goesOn === true ? ['the sweep has not come to its end'] : []),
    ];
    facts = {
      runId: facts?.runId ?? receipt.runId,
      startedAtMs: Date.parse(receipt.startedAt),
      decisions: [...decisions.items, ...(facts?.decisions ?? [])],
      incomplete: [...incomplete, ...(facts?.incomplete ?? [])],
    };
    name = receipt.sweep?.previous?.replace(/^gs:\/\/[^/]+\//, '');
  }
  return facts;
}
