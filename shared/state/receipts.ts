import * as z from 'zod/mini';
import type { Api } from '../google/api.ts';
import { listPages } from '../google/list-pages.ts';
import { requireAbout } from '../google/parse-answer.ts';
import { readItems } from '../google/read-items.ts';
import type { ObjectMetadata } from './upload-session.ts';

/** Projects that a receipt's metadata names: it takes 8 KiB, and a project id has 30 characters. */
const MAX_PROJECTS = 200;

const DAY_MS = 86_400_000;

/** What a stored receipt says of itself in listings, so that the one about a project is found without reading the others. */
export function aboutProjects(projects: readonly string[]): ObjectMetadata {
  return projects.length === 0 ? {} : { projects: projects.slice(0, MAX_PROJECTS).join(',') };
}

/** The name of a run's receipt; its id begins with when it started, as `20261118T214000Z`. */
export function receiptObject(functionName: string, runId: string, startedMs = momentOf(runId)): string {
  return `receipts/${functionName}/${dayOf(startedMs)}/${runId}.json`;
}

export interface ReceiptQuery {
  readonly functionName: string;
  readonly projectId: string;
  readonly now: Date;
  /** Older ones are not looked for. */
  readonly maxAgeMs: number;
  /** Those of runs that started in this second or after it, in milliseconds since the epoch, are passed over; absent for none. */
  readonly beforeMs?: number | undefined;
}

const pageSchema = z.looseObject({ items: z.optional(z.unknown()) });
const objectSchema = z.looseObject({
  name: z.string(),
  metadata: z.optional(z.looseObject({ projects: z.optional(z.string()) })),
});

/**
 * The name of the newest stored receipt of a function about a project; undefined where none is young enough. Looks day by day,
 * today first: one listing a day and a thousand receipts. Receipts from before this was noted in their metadata are passed over.
 * Needs storage.objects.list. Throws `GoogleApiError`.
 */
export async function findNewestReceipt(
  api: Api,
  bucket: string,
  query: ReceiptQuery,
): Promise<string | undefined> {
  const { functionName, projectId, now, maxAgeMs, beforeMs = Infinity } = query;
  // As names have it.
  const beforeSecondMs = Math.floor(beforeMs / 1_000) * 1_000;
  const oldestMs = now.getTime() - maxAgeMs;
  const oldest = dayOf(oldestMs);
  // A run that started just before midnight, by another clock, stands under the next day.
  for (let atMs = now.getTime() + DAY_MS / 24; dayOf(atMs) >= oldest; atMs -= DAY_MS) {
    const names = await namesOfDay(api, bucket, `receipts/${functionName}/${dayOf(atMs)}/`, projectId);
    const newest = names
      .filter((name) => !(startedMs(name) >= beforeSecondMs))
      .sort()
      .at(-1);
    if (newest !== undefined) return startedMs(newest) < oldestMs ? undefined : newest;
  }
  return undefined;
}

async function namesOfDay(api: Api, bucket: string, prefix: string, projectId: string): Promise<string[]> {
  const names: string[] = [];
  const request = {
    url: `https://storage.googleapis.com/storage/v1/b/${encodeURIComponent(bucket)}/o`,
    query: { prefix, fields: 'items(name,metadata/projects),nextPageToken' },
  };
  const call = 'storage.objects.list';
  for await (const page of listPages(api, call, request, pageSchema))
    for (const { name, metadata } of readItems(page.items, objectSchema, 'items').items) {
      requireAbout(call, 'name', name.slice(0, prefix.length), prefix);
      if (metadata?.projects?.split(',').includes(projectId) === true) names.push(name);
    }
  return names;
}

/** `2026/11/18` */
function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10).replaceAll('-', '/');
}

/** Of `…/20261118T214000Z-eb46402f.json`; NaN, which is never too old, for another name. */
function startedMs(name: string): number {
  return momentOf(/[^/]*$/.exec(name)?.[0] ?? '');
}

/** Of the id of a run; NaN for another text. */
function momentOf(runId: string): number {
  const [, day, time] = /^(\d{8})T(\d{6})Z-/.exec(runId) ?? [];
  if (day === undefined || time === undefined) return NaN;
  return Date.parse(
    `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}Z`,
  );
}
