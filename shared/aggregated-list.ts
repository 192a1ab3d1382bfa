import * as z from 'zod/mini';
import type { Api } from './api.ts';
import { listPages } from './list-pages.ts';

const HOST = 'https://compute.googleapis.com/compute/v1';

export interface AggregatedQuery<T> {
  readonly projectId: string;
  readonly collection: 'instances' | 'disks' | 'subnetworks';
  /** Field mask of one resource; what it leaves out is not sent. */
  readonly fields: string;
  /** Checks one resource. */
  readonly schema: z.ZodMiniType<T>;
}

const pageSchema = z.looseObject({
  items: z.optional(
    z.record(
      z.string(),
      z.looseObject({ warning: z.optional(z.looseObject({ code: z.optional(z.string()) })) }),
    ),
  ),
  unreachables: z.optional(z.array(z.string())),
});

/**
 * Reads a collection of a project over all zones or regions and hands on each resource with its scope (`zones/Z`,
 * `regions/R`). Returns the scopes that could not be reached, sorted: what lies there is unknown, not absent. Needs
 * compute.COLLECTION.list. Throws `OutsideError`. Source: Compute Engine API v1, aggregatedList of each collection.
 */
export async function visitAggregated<T>(
  api: Api,
  { projectId, collection, fields, schema }: AggregatedQuery<T>,
  visit: (resource: T, scope: string) => void,
): Promise<readonly string[]> {
  const resources = z.optional(z.array(schema));
  const unreachable = new Set<string>();
  const request = {
    url: `${HOST}/projects/${projectId}/aggregated/${collection}`,
    query: {
      maxResults: 500,
      // Without it one zone that is down hides all others.
      returnPartialSuccess: true,
      fields: `items/*(warning/code,${collection}(${fields})),unreachables,nextPageToken`,
    },
  };
  for await (const page of listPages(api, `compute.${collection}.aggregatedList`, request, pageSchema)) {
    for (const scope of page.unreachables ?? []) unreachable.add(scope);
    for (const [scope, { warning, [collection]: found }] of Object.entries(page.items ?? {})) {
      if (warning?.code === 'UNREACHABLE') unreachable.add(scope);
      for (const resource of resources.parse(found) ?? []) visit(resource, scope);
    }
  }
  return [...unreachable].sort();
}
