import pMap from 'p-map';
import * as z from 'zod/mini';
import { messageOf } from '../../../shared/errors.ts';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import { listPages } from '../../../shared/google/list-pages.ts';
import { readItems } from '../../../shared/google/read-items.ts';
import { stringMap } from '../../../shared/google/string-map.ts';
import type { BucketFacts } from '../facts.ts';
import type { Reading } from '../reading.ts';
import { attempt, strangeGaps, type Look } from './attempt.ts';
import { getBucketPolicy } from './policy.ts';

const pageSchema = z.looseObject({
  items: z.optional(z.unknown()),
  unreachable: z.optional(z.array(z.string())),
});
const bucketSchema = z.looseObject({
  name: z.string(),
  timeCreated: z.optional(z.string()),
  labels: z.optional(stringMap),
  iamConfiguration: z.optional(z.looseObject({ publicAccessPrevention: z.optional(z.string()) })),
});

const POLICIES_AT_ONCE = 16;

/** Needs storage.buckets.list and storage.buckets.getIamPolicy. */
export function readBuckets(look: Look): Promise<Reading<readonly BucketFacts[]>> {
  const { api, projectId } = look;
  return attempt(look, 'the buckets', async () => {
    const gaps: string[] = [];
    const buckets: BucketFacts[] = [];
    const query = {
      project: projectId,
      maxResults: 1_000,
      returnPartialSuccess: true,
      fields:
        'items(name,timeCreated,labels,iamConfiguration/publicAccessPrevention),unreachable,nextPageToken',
    };
    const request = { url: 'https://storage.googleapis.com/storage/v1/b', query };
    for await (const page of listPages(api, 'storage.buckets.list', request, pageSchema)) {
      const { items, strange } = readItems(page.items, bucketSchema, 'items');
      gaps.push(
        ...strangeGaps('buckets', strange),
        ...(page.unreachable ?? []).map((name) => `${name} was unreachable`),
      );
      buckets.push(...(await pMap(items, (one) => toFacts(look, one), { concurrency: POLICIES_AT_ONCE })));
    }
    return { value: buckets, gaps };
  });
}

async function toFacts(look: Look, bucket: z.infer<typeof bucketSchema>): Promise<BucketFacts> {
  const { name, timeCreated, labels = {}, iamConfiguration } = bucket;
  const createdMs = Date.parse(timeCreated ?? '');
  const publicAccessPrevented = iamConfiguration?.publicAccessPrevention === 'enforced';
  return {
    name,
    createdMs: Number.isNaN(createdMs) ? 0 : createdMs,
    labels,
    publicAccessPrevented,
    // Prevention overrules it, no matter who is named there.
    bindings: publicAccessPrevented ? [] : await bindingsOf(look, name),
  };
}

async function bindingsOf({ api, failed }: Look, name: string): Promise<BucketFacts['bindings']> {
  try {
    return (await getBucketPolicy(api, name)).value;
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    failed(new Error(`the policy of gs://${name} could not be read: ${messageOf(error)}`, { cause: error }));
    return undefined;
  }
}
