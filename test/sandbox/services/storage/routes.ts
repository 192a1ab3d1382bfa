import { ApiError } from '../../http/api-error.ts';
import type { Call, Need, Reply, Route } from '../../http/route.ts';
import type { Projection } from './bucket-resource.ts';
import { settle } from './lifecycle/settle.ts';
import type { StorageState, StoredBucket } from './model.ts';

/** The JSON API answers on both. */
const HOSTS = ['storage.googleapis.com', 'www.googleapis.com'] as const;

/** The path of one bucket below a service prefix, for route expressions. */
export const BUCKET = '/storage/v1/b/(?<bucket>[^/]+)';
export const OBJECT = `${BUCKET}/o/(?<object>[^/]+)`;

export type StorageRoute = Omit<Route, 'host' | 'path'> & {
  /** A regular expression without its anchors. */
  readonly path: string;
};

export function onEveryHost(routes: readonly StorageRoute[]): Route[] {
  return HOSTS.flatMap((host) =>
    routes.map((route) => ({ ...route, host, path: new RegExp(`^${route.path}$`) })),
  );
}

export function parameter(call: Call, name: string): string {
  const value = call.params[name] ?? call.query.get(name);
  if (value === null || value === '') throw new ApiError('INVALID_ARGUMENT', `Required parameter: ${name}`);
  return value;
}

/** The bucket that the call names, as it is now; 404 when there is none, 503 when the seed made it unreachable. */
export function bucketOf(state: StorageState, call: Call, name = parameter(call, 'bucket')): StoredBucket {
  const bucket = state.buckets.get(name);
  if (bucket === undefined) throw new ApiError('NOT_FOUND', 'The specified bucket does not exist.');
  if (bucket.unreachable) throw new ApiError('UNAVAILABLE', `Bucket ${name} is temporarily unreachable.`);
  settle(state, bucket);
  return bucket;
}

/** Permissions on the bucket that the call names. A bucket that does not exist is a 404 to every caller, before any 403. */
export function needsOnBucket(
  state: StorageState,
  ...permissions: readonly string[]
): (call: Call) => Need[] {
  return (call) => {
    const bucket = bucketOf(state, call);
    const on = `buckets/${bucket.name}`;
    const object = call.params['object'];
    return [
      ...needsOfPayer(bucket, call),
      ...permissions.map((permission) =>
        object === undefined || !isOfObject(permission) ? { permission, on } : { permission, on, object },
      ),
    ];
  };
}

/** Listing objects is a permission on the bucket. */
function isOfObject(permission: string): boolean {
  return permission.startsWith('storage.objects.') && permission !== 'storage.objects.list';
}

/** Where requesters pay, the call names the project that does, and the caller may let it pay. */
function needsOfPayer({ settings }: StoredBucket, call: Call): readonly Need[] {
  if (settings.billing?.requesterPays !== true) return [];
  // The parameter of the JSON API, or the header that every Google API takes.
  const project = call.query.get('userProject') ?? call.headers['x-goog-user-project'];
  if (typeof project !== 'string')
    throw new ApiError('INVALID_ARGUMENT', 'Bucket is a requester pays bucket but no user project provided.');
  return [{ permission: 'serviceusage.services.use', on: `projects/${project}` }];
}

export function projectionOf(query: URLSearchParams, standard: Projection = 'noAcl'): Projection {
  const text = query.get('projection') ?? standard;
  if (text !== 'full' && text !== 'noAcl')
    throw new ApiError('INVALID_ARGUMENT', `Invalid value "${text}" for projection.`);
  return text;
}

export const NO_CONTENT: Reply = { status: 204 };
