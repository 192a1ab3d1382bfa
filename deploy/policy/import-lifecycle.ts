import { readFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import * as z from 'zod/mini';
import { messageOf } from '../../shared/errors.ts';
import { GcloudFailed, readJson, type Gcloud } from '../actual/gcloud.ts';
import { NotReady } from '../desired/problem.ts';

const rules = z.array(
  z.looseObject({
    action: z.looseObject({ type: z.string() }),
    condition: z.optional(z.record(z.string(), z.unknown())),
  }),
);
const configuration = z.looseObject({ rule: z.optional(rules) });

/** A lifecycle.json as gcloud and the API take it, with or without `lifecycle` around it, or a bucket as the API shows it. */
const fileSchema = z.looseObject({
  rule: z.optional(rules),
  lifecycle: z.optional(z.nullable(configuration)),
  lifecycle_config: z.optional(configuration),
});

/**
 * The policy's section `lifecycle` for the rules of a file or, by gcloud, of a bucket. `billingProject` pays for the request to a
 * bucket whose requesters pay. Throws `NotReady`.
 */
export async function importLifecycle(
  source: string,
  gcloud: Gcloud,
  billingProject?: string,
): Promise<string> {
  const isFile = source.endsWith('.json');
  const bucket = source.replace(/^gs:\/\//, '').replace(/\/$/, '');
  if (!isFile && !/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(bucket))
    throw notReady(source, 'expected a bucket, gs://NAME, or a file whose name ends with .json');
  const value = isFile ? await readLifecycleFile(source) : await readBucket(gcloud, bucket, billingProject);
  const read = fileSchema.safeParse(value);
  if (!read.success) throw notReady(source, 'expected {"rule": [{"action": {"type": …}, "condition": {…}}]}');
  const { rule, lifecycle, lifecycle_config: shown } = read.data;
  const found = rule ?? lifecycle?.rule ?? shown?.rule ?? [];
  if (found.length === 0) throw notReady(source, 'it has no lifecycle rules');
  const policy = {
    name: nameOf(isFile ? 'imported' : bucket),
    match: { name: isFile ? '*' : bucket },
    rules: found.map(({ action, condition = {} }) => ({ action, condition })),
  };
  return stringify({ lifecycle: { policies: [policy] } });
}

async function readBucket(
  gcloud: Gcloud,
  bucket: string,
  billingProject: string | undefined,
): Promise<unknown> {
  const payer = billingProject === undefined ? [] : [`--billing-project=${billingProject}`];
  try {
    return await readJson(gcloud, ['storage', 'buckets', 'describe', `gs://${bucket}`, '--raw', ...payer]);
  } catch (error) {
    if (!(error instanceof GcloudFailed && /requester pays/i.test(error.stderr))) throw error;
    const what = `Cannot import "gs://${bucket}": its requesters pay, and no project was named that does`;
    const remedy = `npm run policy -- --import gs://${bucket} --billing-project PROJECT`;
    throw new NotReady([{ what, remedy: [remedy] }]);
  }
}

async function readLifecycleFile(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw notReady(file, messageOf(error));
  }
}

function notReady(source: string, why: string): NotReady {
  return new NotReady([{ what: `Cannot import "${source}": ${why}`, remedy: [] }]);
}

/** Names of policies have letters, digits, _ and -, a letter first. */
function nameOf(text: string): string {
  const name = text.replace(/[^a-z0-9_-]/g, '-').slice(0, 60);
  return /^[a-z]/.test(name) ? name : `b-${name}`;
}
