import * as z from 'zod/mini';
import { BY_CONTINUE, listPages } from '../../google/list-pages.ts';
import { requireListed } from '../../google/parse-answer.ts';
import { noteStrange, readItems } from '../../google/read-items.ts';
import { stringMap } from '../../google/string-map.ts';
import { unreachable, type Look } from '../look.ts';

const metadata = z.looseObject({
  name: z.optional(z.string()),
  /** The project's number, or its id. */
  namespace: z.optional(z.string()),
  labels: z.optional(stringMap),
  annotations: z.optional(stringMap),
});

/** What Cloud Run keeps running. Source: Cloud Run Admin API v1, resources Service and WorkerPool. */
const workloadSchema = z.looseObject({
  metadata,
  spec: z.optional(
    z.looseObject({
      template: z.optional(
        z.looseObject({
          metadata: z.optional(metadata),
          spec: z.optional(z.looseObject({ nodeSelector: z.optional(stringMap) })),
        }),
      ),
    }),
  ),
});
export type Workload = z.infer<typeof workloadSchema>;

const pageSchema = z.looseObject({
  items: z.optional(z.unknown()),
  unreachable: z.optional(z.array(z.string())),
});

/** A collection of a namespace, which is a project. */
export interface NamespacedQuery {
  /** The API's group: `serving.knative.dev`. */
  readonly group: string;
  readonly collection: 'services' | 'workerpools';
  /** For people, in the plural. */
  readonly title: string;
}

/**
 * Cloud Run's services or worker pools of all regions in one list, by its API v1: v2 lists region by region only. Regions that cannot
 * be reached are gaps. Needs run.COLLECTION.list. Throws `GoogleApiError`.
 */
export async function listNamespaced(
  look: Look,
  { group, collection, title }: NamespacedQuery,
): Promise<readonly Workload[]> {
  const found: Workload[] = [];
  const project = `projects/${look.projectId}`;
  const request = {
    url: `https://run.googleapis.com/apis/${group}/v1/namespaces/${look.projectId}/${collection}`,
    query: { limit: 100 },
  };
  const call = `run.${collection}.list`;
  for await (const page of listPages(look.api, call, request, pageSchema, BY_CONTINUE)) {
    const { items, strange } = readItems(page.items, workloadSchema, 'items');
    for (const {
      metadata: { namespace = look.projectId },
    } of items)
      requireListed(call, look.ofProject, `projects/${namespace}`, project);
    noteStrange(look.gap, `${project} ${title}`, strange);
    for (const region of page.unreachable ?? []) look.gap(unreachable(`${project} ${region}`, title));
    found.push(...items);
  }
  return found;
}

/** Where it runs, and the type of its GPUs, if it has some. */
export function placeAndGpu({ metadata: { labels = {} }, spec }: Workload): {
  readonly region: string;
  readonly gpu: string | undefined;
} {
  return {
    region: labels['cloud.googleapis.com/location'] ?? '',
    gpu: spec?.template?.spec?.nodeSelector?.['run.googleapis.com/accelerator'],
  };
}
