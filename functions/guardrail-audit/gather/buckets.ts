import pMap from 'p-map';
import * as z from 'zod/mini';
import { listBucketItems } from '../../../shared/google/buckets.ts';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import { stringMap } from '../../../shared/google/string-map.ts';
import type { BucketFacts } from '../facts.ts';
import type { Reading } from '../reading.ts';
import { attempt, strangeGaps, type Look } from './attempt.ts';
import { getBucketPolicy } from './policy.ts';

const bucketSchema = z.looseObject({
  name: z.string(),
  timeCreated: z.optional(z.string()),
  labels: z.optional(stringMap),
  iamConfiguration: z.optional(z.looseObject({ publicAccessPrevention: z.optional(z.string()) })),
});

/** Of 10,000 buckets the whole settings are megabytes. */
const FIELDS = 'name,timeCreated,labels,iamConfiguration/publicAccessPrevention';

const POLICIES_AT_ONCE = 16;

/** Needs storage.buckets.list and storage.buckets.getIamPolicy. */
export function readBuckets(look: Look): Promise<Reading<readonly BucketFacts[]>> {
  const { api, projectId } = look;
  return attempt(look, 'the buckets', async () => {
    const gaps: string[] = [];
    const buckets: BucketFacts[] = [];
    for await (const page of listBucketItems(api, projectId, FIELDS, bucketSchema)) {
      gaps.push(
        ...strangeGaps('buckets', page.strange),
        ...page.unreachable.map((name) => `${name} was unreachable`),
      );
      buckets.push(
        ...(await pMap(page.buckets, (one) => toFacts(look, one), { concurrency: POLICIES_AT_ONCE })),
      );
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
    failed(error);
    return undefined;
  }
}
