import * as z from 'zod/mini';
import type { Api } from './api.ts';
import { changeByClient } from './change/change-by-client.ts';
import type { Permit } from './change/permit.ts';
import { storageClient } from './clients/storage.ts';
import { firstTime, listPages } from './list-pages.ts';
import { parseAnswer, requireAbout, requireListed } from './parse-answer.ts';
import { readItems, textField, type StrangeItem } from './read-items.ts';
import { ofProject } from './resource-name.ts';
import { stringMap } from './string-map.ts';

/** Cloud Storage's JSON API; what a listing leaves out with this mask is not sent. */
const HOST = 'https://storage.googleapis.com/storage/v1/b';

const FIELDS = [
  'name,location,locationType,storageClass,metageneration,timeCreated,labels,lifecycle,versioning',
  'retentionPolicy(retentionPeriod,isLocked),softDeletePolicy(retentionDurationSeconds)',
  'autoclass(enabled),hierarchicalNamespace(enabled),customPlacementConfig(dataLocations)',
  'defaultEventBasedHold,objectRetention(mode),billing(requesterPays)',
].join(',');

/** The most that one page takes (google/storage/v2/storage.proto, ListBucketsRequest). */
const PAGE_SIZE = 1_000;

const toggle = z.optional(z.looseObject({ enabled: z.optional(z.boolean()) }));
const seconds = z.union([z.string(), z.number()]);

const ruleSchema = z.looseObject({
  action: z.looseObject({ type: z.string(), storageClass: z.optional(z.string()) }),
  condition: z.optional(z.record(z.string(), z.unknown())),
});

/** A lifecycle rule as the API has it, with whatever this code does not know. */
export type StoredRule = z.infer<typeof ruleSchema>;

const lifecycleSchema = z.optional(z.nullable(z.looseObject({ rule: z.optional(z.array(ruleSchema)) })));

const bucketSchema = z.looseObject({
  name: z.string(),
  location: z.optional(z.string()),
  locationType: z.optional(z.string()),
  storageClass: z.optional(z.string()),
  metageneration: z.string(),
  timeCreated: z.optional(z.string()),
  labels: z.optional(stringMap),
  lifecycle: lifecycleSchema,
  versioning: toggle,
  retentionPolicy: z.optional(
    z.looseObject({ retentionPeriod: z.optional(seconds), isLocked: z.optional(z.boolean()) }),
  ),
  softDeletePolicy: z.optional(z.looseObject({ retentionDurationSeconds: z.optional(seconds) })),
  autoclass: toggle,
  hierarchicalNamespace: toggle,
  customPlacementConfig: z.optional(z.looseObject({ dataLocations: z.optional(z.array(z.string())) })),
  defaultEventBasedHold: z.optional(z.boolean()),
  objectRetention: z.optional(z.looseObject({ mode: z.optional(z.string()) })),
  billing: z.optional(z.looseObject({ requesterPays: z.optional(z.boolean()) })),
});

const pageSchema = z.looseObject({
  items: z.optional(z.unknown()),
  unreachable: z.optional(z.array(z.string())),
});

const ownerSchema = z.looseObject({ projectNumber: z.optional(z.string()) });

/** A bucket's settings at one moment. */
export interface Bucket {
  readonly name: string;
  /** Upper case, e.g. `US-CENTRAL1`, `EU`, `NAM4`; empty when the API left it out. */
  readonly location: string;
  /** `region`, `dual-region` or `multi-region`. */
  readonly locationType: string;
  /** The class of objects that are written without one. */
  readonly storageClass: string;
  /** Counts the changes of the settings; the precondition of a write. */
  readonly metageneration: string;
  /** 0 when the API left it out. */
  readonly createdMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly rules: readonly StoredRule[];
  readonly versioned: boolean;
  readonly retention: { readonly seconds: number; readonly locked: boolean } | undefined;
  /** How long deleted objects go on billing; 0 is off, undefined not known. */
  readonly softDeleteSeconds: number | undefined;
  readonly autoclass: boolean;
  readonly hierarchicalNamespace: boolean;
  /** The two regions of a configurable dual-region, whose `location` is that of a multi-region. */
  readonly dataLocations: readonly string[] | undefined;
  /** New objects cannot be deleted until their hold is released. */
  readonly defaultHold: boolean;
  /** Objects may have a retention of their own. */
  readonly objectRetention: boolean;
  /** Calls that read objects or settings name the project that pays. */
  readonly requesterPays: boolean;
}

export interface BucketPage {
  readonly buckets: readonly Bucket[];
  /** Buckets that are there and cannot be read. */
  readonly strange: readonly StrangeItem[];
  /** `projects/_/buckets/NAME` of buckets that could not be read right now. */
  readonly unreachable: readonly string[];
}

/** Yields all buckets of a project, a thousand at a time and in the order of their names. Throws `GoogleApiError`. */
export async function* listBuckets(api: Api, projectId: string): AsyncGenerator<BucketPage> {
  for await (const page of listBucketItems(api, projectId, FIELDS, bucketSchema))
    yield { ...page, buckets: page.buckets.map(toBucket) };
}

/**
 * The same with other fields: of 10,000 buckets the whole settings are megabytes, and by Google's client each would be an object
 * with all methods of a bucket. `fields` is the mask of one bucket, `schema` checks one.
 */
export async function* listBucketItems<T>(
  api: Api,
  projectId: string,
  fields: string,
  schema: z.ZodMiniType<T>,
): AsyncGenerator<Omit<BucketPage, 'buckets'> & { readonly buckets: readonly T[] }> {
  const query = {
    project: projectId,
    maxResults: PAGE_SIZE,
    // Without it one unreachable bucket would hide all others.
    returnPartialSuccess: true,
    fields: `items(${fields},projectNumber),unreachable,nextPageToken`,
  };
  const isNew = firstTime();
  const isOf = ofProject(projectId);
  const call = 'storage.buckets.list';
  for await (const page of listPages(api, call, { url: HOST, query }, pageSchema)) {
    for (const { projectNumber = projectId } of readItems(page.items, ownerSchema, '').items)
      requireListed(call, isOf, `projects/${projectNumber}`, `projects/${projectId}`);
    const { items, strange } = readItems(page.items, schema, 'items');
    // One that was made or deleted while they were listed may be on two pages.
    const buckets = items.filter((one) => isNew(textField(one, 'name') ?? ''));
    yield { buckets, strange, unreachable: page.unreachable ?? [] };
  }
}

/**
 * The project that a request to the bucket itself is billed to: its own, where requesters pay. Without one Cloud Storage answers 400,
 * "Bucket is a requester pays bucket but no user project provided"; with one it wants serviceusage.services.use on it. Listing a
 * project's buckets needs none. Source: https://cloud.google.com/storage/docs/requester-pays
 */
export function payerOf(
  { requesterPays }: Pick<Bucket, 'requesterPays'>,
  projectId: string,
): string | undefined {
  return requesterPays ? projectId : undefined;
}

/** One bucket as it is now. Throws `GoogleApiError`, with status 404 when it is gone. */
export async function getBucket(api: Api, name: string, userProject?: string): Promise<Bucket> {
  const url = `${HOST}/${encodeURIComponent(name)}`;
  const call = 'storage.buckets.get';
  const answer = await api.request(call, { url, query: { fields: FIELDS, userProject } });
  const bucket = parseAnswer(call, bucketSchema, answer);
  requireAbout(call, 'name', bucket.name, name);
  return toBucket(bucket);
}

const patchedSchema = z.looseObject({ metageneration: z.string(), lifecycle: lifecycleSchema });

/**
 * Replaces a bucket's whole lifecycle, if its settings are still those of `metageneration`; else it throws `GoogleApiError` 412.
 * A single attempt: a caller that gets no answer has to look before it sends another. Answers with the rules that are now in force.
 */
export async function replaceLifecycle(
  api: Api,
  permit: Permit,
  name: string,
  rules: readonly StoredRule[],
  {
    metageneration,
    userProject,
  }: { readonly metageneration: string; readonly userProject?: string | undefined },
): Promise<readonly StoredRule[]> {
  const query = { ifMetagenerationMatch: metageneration, fields: 'metageneration,lifecycle', userProject };
  const call = 'storage.buckets.patch';
  const answer = await changeByClient(api, call, permit, (leaving) =>
    storageClient(api.auth).patchLifecycle(name, rules, query, leaving),
  );
  return parseAnswer(call, patchedSchema, answer).lifecycle?.rule ?? [];
}

function toBucket(bucket: z.infer<typeof bucketSchema>): Bucket {
  const createdMs = Date.parse(bucket.timeCreated ?? '');
  const period = Number(bucket.retentionPolicy?.retentionPeriod ?? 0);
  const softDelete = bucket.softDeletePolicy?.retentionDurationSeconds;
  return {
    name: bucket.name,
    location: (bucket.location ?? '').toUpperCase(),
    locationType: bucket.locationType ?? '',
    storageClass: bucket.storageClass ?? '',
    metageneration: bucket.metageneration,
    createdMs: Number.isNaN(createdMs) ? 0 : createdMs,
    labels: bucket.labels ?? {},
    rules: bucket.lifecycle?.rule ?? [],
    versioned: bucket.versioning?.enabled ?? false,
    retention:
      period > 0 ? { seconds: period, locked: bucket.retentionPolicy?.isLocked ?? false } : undefined,
    softDeleteSeconds: softDelete === undefined ? undefined : Number(softDelete),
    autoclass: bucket.autoclass?.enabled ?? false,
    hierarchicalNamespace: bucket.hierarchicalNamespace?.enabled ?? false,
    dataLocations: bucket.customPlacementConfig?.dataLocations,
    defaultHold: bucket.defaultEventBasedHold ?? false,
    objectRetention: bucket.objectRetention?.mode !== undefined,
    requesterPays: bucket.billing?.requesterPays ?? false,
  };
}
