import * as z from 'zod/mini';
import { listPages } from '../../../shared/google/list-pages.ts';
import { requireListed } from '../../../shared/google/parse-answer.ts';
import { readItems } from '../../../shared/google/read-items.ts';
import { ofProject } from '../../../shared/google/resource-name.ts';
import type { ManagedNotebook } from '../facts.ts';
import type { Reading } from '../reading.ts';
import { attempt, strangeGaps, type Look } from './attempt.ts';

const pageSchema = z.looseObject({
  runtimes: z.optional(z.unknown()),
  unreachable: z.optional(z.array(z.string())),
});
const runtimeSchema = z.looseObject({
  name: z.string(),
  state: z._default(z.string(), 'STATE_UNSPECIFIED'),
  createTime: z.optional(z.string()),
});

/** Managed notebooks of the Notebooks API v1, over all locations. Needs notebooks.runtimes.list. */
export function readManagedNotebooks(look: Look): Promise<Reading<readonly ManagedNotebook[]>> {
  return attempt(look, 'managed notebooks', async () => {
    const found: ManagedNotebook[] = [];
    const gaps: string[] = [];
    const call = 'notebooks.runtimes.list';
    const path = `projects/${look.projectId}/locations/-/runtimes`;
    const isOf = ofProject(look.projectId, look.projectNumber);
    const request = { url: `https://notebooks.googleapis.com/v1/${path}`, query: { pageSize: 100 } };
    for await (const page of listPages(look.api, call, request, pageSchema)) {
      const { items, strange } = readItems(page.runtimes, runtimeSchema, 'runtimes');
      for (const { name } of items) requireListed(call, isOf, name, `${path}/-`);
      gaps.push(
        ...strangeGaps('managed notebooks', strange),
        ...(page.unreachable ?? []).map((place) => `managed notebooks in ${place} were unreachable`),
      );
      found.push(
        ...items.map(({ name, state, createTime }) => ({
          resource: name,
          state,
          createdMs: momentOf(createTime),
        })),
      );
    }
    return { value: found, gaps };
  });
}

function momentOf(time: string | undefined): number | undefined {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
