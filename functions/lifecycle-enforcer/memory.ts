import * as z from 'zod/mini';
import { messageOf, PermanentError } from '../../shared/errors.ts';
import { updateStateObject, type StateObject } from '../../shared/state/compare-and-swap.ts';
import type { Run } from '../../shared/run/sweep.ts';

/** Lifecycle rules carry no ids: this is how costguard tells its own from those of others. */
export interface BucketRecord {
  /** When the bucket was created; another one of the same name later is another bucket. */
  readonly createdMs: number;
  /** Digests of the rules that costguard added and that were there when it last looked. */
  readonly rules: readonly string[];
  /** Writes that were about to be made, by run id. One that stays belongs to a run that died. */
  readonly intents: Readonly<Record<string, Intent>>;
}

/** What a run is about to write. */
export interface Intent {
  readonly atMs: number;
  /** The precondition of the write: when it got through, the bucket's metageneration was one higher. */
  readonly metageneration: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Digest of all rules after the write. */
  readonly result: string;
}

/** By bucket name. */
export type Records = ReadonlyMap<string, BucketRecord>;

const intentSchema = z.object({
  atMs: z.number(),
  metageneration: z.string(),
  added: z.array(z.string()),
  removed: z.array(z.string()),
  result: z.string(),
});

/** Most buckets have one of a few sets of rules, so that sets are stored once and 50,000 buckets take some 4 MB. */
const fileSchema = z.object({
  version: z.literal(1),
  sets: z.array(z.array(z.string())),
  /** Index of the set, and when the bucket was created. */
  buckets: z.record(z.string(), z.tuple([z.int(), z.number()])),
  intents: z.record(z.string(), z.record(z.string(), intentSchema)),
});

/** One object per project in the state bucket; only buckets that costguard wrote to are in it. */
export function memoryObject(projectId: string): StateObject<Records> {
  const name = `memory/lifecycle-enforcer/${projectId}.json`;
  return { name, parse: (text) => parseRecords(name, text), print: printRecords };
}

/** Throws when the object is not what this code writes: rules of others could be taken for ours. */
function parseRecords(name: string, text: string | undefined): Records {
  if (text === undefined) return new Map();
  try {
    const { sets, buckets, intents } = fileSchema.parse(JSON.parse(text));
    return new Map(
      Object.entries(buckets).map(([bucket, [set, createdMs]]) => {
        const rules = sets[set];
        if (rules === undefined) throw new Error(`buckets.${bucket}: there is no set ${set}`);
        return [bucket, { createdMs, rules, intents: intents[bucket] ?? {} }];
      }),
    );
  } catch (error) {
    throw new PermanentError(
      `Cannot read the memory "${name}": it is not what costguard writes (${messageOf(error)}); fix or delete it`,
      { cause: error },
    );
  }
}

function printRecords(records: Records): string {
  const sets = new Map<string, number>();
  const buckets: Record<string, [number, number]> = {};
  const intents: Record<string, BucketRecord['intents']> = {};
  for (const [name, record] of [...records].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const key = record.rules.join();
    const set = sets.get(key) ?? sets.size;
    sets.set(key, set);
    buckets[name] = [set, record.createdMs];
    if (Object.keys(record.intents).length > 0) intents[name] = record.intents;
  }
  const lists = [...sets.keys()].map((key) => (key === '' ? [] : key.split(',')));
  return JSON.stringify({ version: 1, sets: lists, buckets, intents });
}

/** What is remembered of the run's project; nothing when there is no state bucket. */
export async function readRecords(run: Run): Promise<Records> {
  const object = memoryObject(run.projectId);
  return object.parse((await run.state?.read(object.name))?.text);
}

/** Changes some buckets' records; `change` answers undefined for one that shall be forgotten. */
export async function updateRecords(
  run: Run,
  names: Iterable<string>,
  change: (name: string, before: BucketRecord | undefined) => BucketRecord | undefined,
): Promise<void> {
  const { state, runtime, projectId } = run;
  const all = [...names];
  if (state === undefined || all.length === 0) return;
  await updateStateObject(state, runtime, memoryObject(projectId), (before) => {
    const after = new Map(before);
    for (const name of all) {
      const record = change(name, before.get(name));
      if (record === undefined) after.delete(name);
      else after.set(name, record);
    }
    return after;
  });
}
