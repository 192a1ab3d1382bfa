import type { Clock } from '../../clock/clock.ts';
import type { Need, Route } from '../../http/route.ts';
import { bucketIamRoutes } from './bucket-iam.ts';
import { bucketResource } from './bucket-resource.ts';
import { bucketRoutes } from './buckets.ts';
import type { LifecycleAction } from './lifecycle/action.ts';
import { settle } from './lifecycle/settle.ts';
import type { MissingObjects, IamPolicy, StorageState, StoredBucket } from './model.ts';
import { objectResource } from './object-resource.ts';
import { objectRoutes } from './objects.ts';
import { rewriteRoutes } from './rewrite.ts';
import { onEveryHost } from './routes.ts';
import { applySeed, type StorageSeed } from './seed.ts';
import { uploadRoutes } from './uploads.ts';

export interface StorageServiceOptions {
  readonly clock: Clock;
  readonly projectNumberOf: (projectId: string) => string;
  readonly seed?: StorageSeed;
  /** Whether an account holds a permission, for testIamPermissions; without it every account holds every permission. */
  readonly allows?: (principal: string, need: Need) => boolean;
  /** Told of the bindings that a bucket (`buckets/B`) is given, and of none when it is deleted; may refuse them. */
  readonly policySet?: (resource: string, bindings: IamPolicy['bindings']) => void;
}

type Snapshot = Readonly<Record<string, unknown>> & { readonly objects: readonly object[] };

export interface StorageService {
  /** Has a missing object answered with 404 to who may not list, too; 403 is the stricter reading and the default. */
  answerMissing(how: MissingObjects): void;
  readonly routes: readonly Route[];
  bucket(name: string): StoredBucket | undefined;
  /** A project's buckets, as they are now. */
  bucketsOf(projectId: string): readonly StoredBucket[];
  /** What lifecycle rules have done to a bucket, or to all of them, up to now; oldest first within a bucket. */
  lifecycleActions(bucket?: string): readonly LifecycleAction[];
  /** `buckets/b/objects/o` -> `buckets/b` -> `projects/p`; undefined for what is not here. */
  parentOf(resource: string): string | undefined;
  /** Every bucket with every version of its objects, as the API shows them: for comparing states. */
  snapshot(): { readonly buckets: readonly Snapshot[] };
  /** The live object as UTF-8; undefined when there is none or it has no bytes. */
  objectText(bucket: string, name: string): string | undefined;
  /** Names of the bucket's live objects, in the service's order. */
  objectNames(bucket: string, prefix?: string): readonly string[];
}

/** Cloud Storage's JSON API over one set of buckets in memory. */
export function createStorageService(options: StorageServiceOptions): StorageService {
  const buckets = new Map<string, StoredBucket>();
  const state: StorageState = {
    clock: options.clock,
    projectNumberOf: options.projectNumberOf,
    allows: options.allows ?? (() => true),
    buckets,
    missingObjects: 'forbidden',
    setPolicy(bucket, policy) {
      options.policySet?.(`buckets/${bucket.name}`, policy.bindings);
      bucket.policy = policy;
    },
    sessions: new Map(),
    nextGeneration: generations(options.clock),
    seed: options.seed?.lifecycleSeed ?? 1,
    lifecycleActions: [],
  };
  applySeed(state, options.seed ?? {});
  const settled = (bucket: StoredBucket): StoredBucket => {
    settle(state, bucket);
    return bucket;
  };
  const bucketOf = (name: string): StoredBucket | undefined => {
    const bucket = buckets.get(name);
    return bucket && settled(bucket);
  };
  const routes = [
    ...bucketRoutes(state),
    ...bucketIamRoutes(state),
    ...objectRoutes(state),
    ...rewriteRoutes(state),
    ...uploadRoutes(state),
  ];
  return {
    routes: onEveryHost(routes),
    answerMissing: (how) => void (state.missingObjects = how),
    bucket: bucketOf,
    bucketsOf: (projectId) =>
      [...buckets.values()].filter((bucket) => bucket.projectId === projectId).map(settled),
    lifecycleActions(name) {
      for (const bucket of name === undefined ? buckets.values() : [buckets.get(name)])
        if (bucket !== undefined) settle(state, bucket);
      return state.lifecycleActions.filter(({ bucket }) => name === undefined || bucket === name);
    },
    parentOf(resource) {
      const [, bucket = '', below] = /^buckets\/([^/]+)(\/objects\/.+)?$/.exec(resource) ?? [];
      if (below !== undefined) return `buckets/${bucket}`;
      const projectId = buckets.get(bucket)?.projectId;
      return projectId === undefined ? undefined : `projects/${projectId}`;
    },
    snapshot: () => ({
      buckets: [...buckets.values()].map(settled).map((bucket) => ({
        ...bucketResource(bucket, 'noAcl', state),
        objects: bucket.objects.all().map((object) => objectResource(bucket, object)),
      })),
    }),
    objectText: (bucket, name) => bucketOf(bucket)?.objects.live(name)?.content?.toString(),
    objectNames(bucket, prefix = '') {
      const objects = bucketOf(bucket)?.objects;
      return (objects?.names() ?? []).filter(
        (name) => name.startsWith(prefix) && objects?.live(name) !== undefined,
      );
    },
  };
}

/** Microseconds since the epoch, as the service numbers generations, and never the same twice. */
function generations(clock: Clock): () => string {
  // Seeded objects end below the first microsecond of the next millisecond.
  let last = clock.now() * 1_000 + 999;
  return () => {
    last = Math.max(last + 1, clock.now() * 1_000);
    return String(last);
  };
}
