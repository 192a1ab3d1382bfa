import * as z from 'zod/mini';
import type { Api } from './api.ts';
import { firstTime, listPages } from './list-pages.ts';
import { requireListed } from './parse-answer.ts';
import { readItems, textField, type StrangeItem } from './read-items.ts';
import { ofProject } from './resource-name.ts';

const HOST = 'https://compute.googleapis.com/compute/v1';

export interface AggregatedQuery<T> {
  readonly projectId: string;
  readonly collection: 'instances' | 'disks' | 'instanceGroupManagers' | 'autoscalers';
  /** Field mask of one resource; what it leaves out is not sent. */
  readonly fields: string;
  /** Checks one resource. */
  readonly schema: z.ZodMiniType<T>;
}

const pageSchema = z.looseObject({
  items: z.optional(z.record(z.string(), z.unknown())),
  unreachables: z.optional(z.array(z.string())),
});

const scopeSchema = z.looseObject({
  warning: z.optional(z.looseObject({ code: z.optional(z.string()) })),
});

const linkSchema = z.looseObject({ selfLink: z.optional(z.string()) });

/** What a listing did not show. */
export interface Unseen {
  /** Scopes that could not be reached, sorted: what lies there is unknown, not absent. */
  readonly unreachable: readonly string[];
  /** Resources that are there and cannot be read. */
  readonly strange: readonly StrangeItem[];
}

/**
 * Reads a collection of a project over all zones or regions and hands on each resource with its scope (`zones/Z`,
 * `regions/R`). Returns what it did not see. Needs compute.COLLECTION.list. Throws `GoogleApiError`. Source: Compute Engine API v1, aggregatedList of each collection.
 */
export async function visitAggregated<T>(
  api: Api,
  { projectId, collection, fields, schema }: AggregatedQuery<T>,
  visit: (resource: T, scope: string) => void,
): Promise<Unseen> {
  const strange: StrangeItem[] = [];
  const unreachable = new Set<string>();
  const request = {
    url: `${HOST}/projects/${projectId}/aggregated/${collection}`,
    query: {
      maxResults: 500,
      // Without it one zone that is down hides all others.
      returnPartialSuccess: true,
      fields: `items/*(warning/code,${collection}(${fields},selfLink)),unreachables,nextPageToken`,
    },
  };
  // What changes while it is listed may be on two pages: it is one thing.
  const isNew = firstTime();
  const isOf = ofProject(projectId);
  const call = `compute.${collection}.aggregatedList`;
  for await (const page of listPages(api, call, request, pageSchema)) {
    for (const scope of page.unreachables ?? []) unreachable.add(scope);
    for (const [scope, value] of Object.entries(page.items ?? {})) {
      const read = readItems([value], scopeSchema, `items.${scope}`);
      strange.push(...read.strange);
      for (const { warning, [collection]: found } of read.items) {
        if (warning?.code === 'UNREACHABLE') unreachable.add(scope);
        for (const { selfLink } of readItems(found, linkSchema, '').items)
          if (selfLink !== undefined)
            requireListed(
              call,
              isOf,
              selfLink.replace(/^.*?\/projects\//, 'projects/'),
              `projects/${projectId}/${scope}/${collection}/-`,
            );
        const resources = readItems(found, schema, `items.${scope}.${collection}`);
        strange.push(...resources.strange);
        for (const resource of resources.items) {
          const id = textField(resource, 'id') ?? textField(resource, 'name');
          if (id === undefined || isNew(`${scope}/${id}`)) visit(resource, scope);
        }
      }
    }
  }
  return { unreachable: [...unreachable].sort(), strange };
}
