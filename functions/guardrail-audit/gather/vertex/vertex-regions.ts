import pMap from 'p-map';
import * as z from 'zod/mini';
import { listPages } from '../../../../shared/google/list-pages.ts';
import { isNotOffered } from '../../../../shared/google/not-offered.ts';
import { requireListed } from '../../../../shared/google/parse-answer.ts';
import { readItems, textField } from '../../../../shared/google/read-items.ts';
import { ofProject } from '../../../../shared/google/resource-name.ts';
import { urlOf } from '../../../../shared/google/vertex/vertex.ts';
import { isRead, joinReadings, type Reading } from '../../reading.ts';
import { attempt, strangeGaps, type Look } from '../attempt.ts';

const REGIONS_AT_ONCE = 4;
/** Jobs of one kind and region that are looked at, the newest first as the API lists them. */
const MAX_JOBS = 2_000;

/** One collection in every region; a region that does not have it is no gap as long as another one answers. */
export async function readEverywhere<T>(
  look: Look,
  regions: readonly string[],
  collection: string,
  schema: z.ZodMiniType<T>,
  fields?: string,
): Promise<Reading<readonly T[]>> {
  const failures: { readonly region: string; readonly error: unknown }[] = [];
  const read = await pMap(
    regions,
    (region) =>
      attempt(
        { ...look, failed: (error) => void failures.push({ region, error }) },
        `${collection} in ${region}`,
        () => readRegion(look, region, collection, schema, fields),
      ),
    { concurrency: REGIONS_AT_ONCE },
  );
  const some = read.some((one) => isRead(one));
  const absent = new Set(
    failures.filter(({ error }) => some && isNotOffered(error)).map(({ region }) => region),
  );
  for (const { region, error } of failures) if (!absent.has(region)) look.failed(error);
  return joinReadings(read.filter((_, at) => !absent.has(regions[at] ?? '')));
}

async function readRegion<T>(
  look: Look,
  region: string,
  collection: string,
  schema: z.ZodMiniType<T>,
  fields: string | undefined,
) {
  const page = z.looseObject({ [collection]: z.optional(z.unknown()) });
  const call = `aiplatform.${collection}.list`;
  const path = `projects/${look.projectId}/locations/${region}/${collection}`;
  const isOf = ofProject(look.projectId, look.projectNumber);
  const request = { url: urlOf(path), query: { pageSize: 100, fields } };
  const items: T[] = [];
  const gaps: string[] = [];
  for await (const answer of listPages(look.api, call, request, page)) {
    const read = readItems(answer[collection], schema, collection);
    for (const one of read.items) requireListed(call, isOf, textField(one, 'name'), `${path}/-`);
    items.push(...read.items);
    gaps.push(...strangeGaps(`${collection} in ${region}`, read.strange));
    if (items.length < MAX_JOBS) continue;
    gaps.push(`only the first ${items.length} ${collection} in ${region} were looked at`);
    break;
  }
  return { value: items, gaps };
}
