import * as z from 'zod/mini';
import type { Api } from '../../google/api.ts';
import { listPages } from '../../google/list-pages.ts';
import { readItems, type StrangeItem } from '../../google/read-items.ts';
import { callName, COMPUTE_HOST } from './group-facts.ts';

const errorSchema = z.looseObject({
  timestamp: z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text)))),
  error: z.looseObject({ code: z.optional(z.string()), message: z.optional(z.string()) }),
});
const pageSchema = z.looseObject({ items: z.optional(z.unknown()) });

interface GroupError {
  readonly atMs: number;
  readonly text: string;
}

/**
 * What Google says of managed groups whose members do not come up: the newest error of any of them since `sinceMs` (milliseconds
 * since the epoch), as a part of a sentence. A group goes on trying for as long as it takes, so that none of its operations says it.
 * Needs compute.instanceGroupManagers.get. Throws `GoogleApiError`.
 * Source: https://cloud.google.com/compute/docs/reference/rest/v1/instanceGroupManagers/listErrors
 */
export async function newestGroupError(
  api: Api,
  groups: readonly string[],
  sinceMs: number,
): Promise<string> {
  const errors: GroupError[] = [];
  const strange: StrangeItem[] = [];
  for (const group of groups) {
    const read = await readErrors(api, group);
    errors.push(...read.errors);
    strange.push(...read.strange);
  }
  // They come in no documented order, and those of before the stop are among them.
  const since = errors.filter(({ atMs }) => atMs >= sinceMs).sort((a, b) => b.atMs - a.atMs);
  const [newest] = since;
  if (newest !== undefined)
    return `Google's newest error since the request, of ${new Date(newest.atMs).toISOString()}: ${newest.text}`;
  const [unread] = strange;
  return unread === undefined
    ? 'Google names no error since the request'
    : `Google's errors could not be read: another form than documented at ${unread.path}: ${unread.why}`;
}

async function readErrors(
  api: Api,
  group: string,
): Promise<{ readonly errors: readonly GroupError[]; readonly strange: readonly StrangeItem[] }> {
  const errors: GroupError[] = [];
  const strange: StrangeItem[] = [];
  const call = callName(group, 'instanceGroupManagers', 'listErrors');
  const request = { url: `${COMPUTE_HOST}/${group}/listErrors`, query: { maxResults: 500 } };
  for await (const page of listPages(api, call, request, pageSchema)) {
    const read = readItems(page.items, errorSchema, 'items');
    strange.push(...read.strange);
    for (const { timestamp, error } of read.items)
      errors.push({ atMs: Date.parse(timestamp), text: textOf(error) });
  }
  return { errors, strange };
}

function textOf({ code = '', message = '' }: z.infer<typeof errorSchema>['error']): string {
  return [code, message].filter((part) => part !== '').join(': ');
}
