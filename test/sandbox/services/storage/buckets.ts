import { ApiError } from '../../http/api-error.ts';
import type { Call, Need, Reply } from '../../http/route.ts';
import { bucketResource, type Projection } from './bucket-resource.ts';
import { deleteBucket, insertBucket, lockRetention, patchBucket, replaceBucket } from './bucket-writes.ts';
import type { StorageState, StoredBucket } from './model.ts';
import { compareNames } from './object-store.ts';
import { pageSize, readPageToken, writePageToken } from './paging.ts';
import {
  BUCKET_PRECONDITIONS,
  booleanParameter,
  failedPrecondition,
  requirePreconditions,
} from './preconditions.ts';
import {
  BUCKET,
  NO_CONTENT,
  bucketOf,
  needsOnBucket,
  parameter,
  projectionOf,
  type StorageRoute,
} from './routes.ts';

const READ_QUERY = ['projection', ...BUCKET_PRECONDITIONS];
/** A page that shows access control lists is shorter. */
const MAX_FULL_PAGE = 200;

export function bucketRoutes(state: StorageState): StorageRoute[] {
  /** The change, then the bucket as it is now. No await between the check and the change: that is the atomicity. */
  const changing =
    (change: (bucket: StoredBucket, call: Call) => void, standard: Projection) =>
    (call: Call): Reply => {
      const bucket = bucketOf(state, call);
      requirePreconditions(call.query, bucket);
      change(bucket, call);
      return { body: bucketResource(bucket, projectionOf(call.query, standard), state) };
    };
  const needsOfWrite = (call: Call): Need[] => {
    const { acl, defaultObjectAcl } = call.json();
    const lists = acl !== undefined || defaultObjectAcl !== undefined ? ['storage.buckets.setIamPolicy'] : [];
    return needsOnBucket(
      state,
      'storage.buckets.update',
      'storage.buckets.get',
      ...lists,
      ...forLists(call),
    )(call);
  };
  return [
    {
      id: 'storage.buckets.list',
      method: 'GET',
      path: '/storage/v1/b',
      query: [
        'project',
        'maxResults',
        'pageToken',
        'prefix',
        'projection',
        'returnPartialSuccess',
        'softDeleted',
      ],
      needs: (call) => onProject(state, call, 'storage.buckets.list', ...forLists(call)),
      handle: (call) => ({ body: listBuckets(state, call) }),
    },
    {
      id: 'storage.buckets.insert',
      method: 'POST',
      path: '/storage/v1/b',
      query: ['project', 'projection', 'enableObjectRetention'],
      needs: (call) => onProject(state, call, 'storage.buckets.create'),
      handle: (call) => {
        if (booleanParameter(call.query, 'enableObjectRetention'))
          throw new ApiError(
            'UNIMPLEMENTED',
            'The sandbox does not imitate the retention of single objects.',
          );
        const body = call.json();
        const bucket = insertBucket(state, projectIdOf(state, parameter(call, 'project')), body);
        const standard = 'acl' in body || 'defaultObjectAcl' in body ? 'full' : 'noAcl';
        return { body: bucketResource(bucket, projectionOf(call.query, standard), state) };
      },
    },
    {
      id: 'storage.buckets.get',
      method: 'GET',
      path: BUCKET,
      query: READ_QUERY,
      needs: (call) => needsOnBucket(state, 'storage.buckets.get', ...forLists(call))(call),
      handle: (call) => {
        const bucket = bucketOf(state, call);
        if (failedPrecondition(call.query, bucket) === 'not-match') return { status: 304 };
        requirePreconditions(call.query, bucket);
        return { body: bucketResource(bucket, projectionOf(call.query), state) };
      },
    },
    {
      id: 'storage.buckets.patch',
      method: 'PATCH',
      path: BUCKET,
      query: READ_QUERY,
      needs: needsOfWrite,
      handle: changing((bucket, call) => {
        patchBucket(state, bucket, call.json());
      }, 'full'),
    },
    {
      id: 'storage.buckets.update',
      method: 'PUT',
      path: BUCKET,
      query: READ_QUERY,
      needs: needsOfWrite,
      handle: changing((bucket, call) => {
        replaceBucket(state, bucket, call.json());
      }, 'full'),
    },
    {
      id: 'storage.buckets.lockRetentionPolicy',
      method: 'POST',
      path: `${BUCKET}/lockRetentionPolicy`,
      query: ['ifMetagenerationMatch'],
      needs: needsOnBucket(state, 'storage.buckets.update'),
      handle: changing((bucket, call) => {
        parameter(call, 'ifMetagenerationMatch');
        lockRetention(state, bucket);
      }, 'full'),
    },
    {
      id: 'storage.buckets.delete',
      method: 'DELETE',
      path: BUCKET,
      query: BUCKET_PRECONDITIONS,
      needs: needsOnBucket(state, 'storage.buckets.delete'),
      handle: (call) => {
        const bucket = bucketOf(state, call);
        requirePreconditions(call.query, bucket);
        deleteBucket(state, bucket);
        return NO_CONTENT;
      },
    },
    {
      // Requested by `gcloud storage rm --recursive`; no one can make one here.
      id: 'storage.managedFolders.list',
      method: 'GET',
      path: `${BUCKET}/managedFolders`,
      query: ['pageSize', 'pageToken', 'prefix'],
      needs: needsOnBucket(state, 'storage.managedFolders.list'),
      handle: () => ({ body: { kind: 'storage#managedFolders' } }),
    },
    {
      id: 'storage.buckets.getStorageLayout',
      method: 'GET',
      path: `${BUCKET}/storageLayout`,
      query: ['prefix'],
      needs: needsOnBucket(state, 'storage.objects.list'),
      handle: (call) => ({ body: storageLayout(bucketOf(state, call)) }),
    },
  ];
}

/** Access control lists in the answer cost a permission when the caller requested them. */
function forLists(call: Call): string[] {
  return call.query.get('projection') === 'full' ? ['storage.buckets.getIamPolicy'] : [];
}

/** The parameter `project` takes an ID or a number. */
function projectIdOf(state: StorageState, project: string): string {
  if (!/^\d+$/.test(project)) return project;
  const owned = [...state.buckets.values()].find(
    (bucket) => state.projectNumberOf(bucket.projectId) === project,
  );
  return owned?.projectId ?? project;
}

function onProject(state: StorageState, call: Call, ...permissions: readonly string[]): Need[] {
  const on = `projects/${projectIdOf(state, parameter(call, 'project'))}`;
  return permissions.map((permission) => ({ permission, on }));
}

function listBuckets(state: StorageState, call: Call): object {
  const { query } = call;
  if (booleanParameter(query, 'softDeleted'))
    throw new ApiError('UNIMPLEMENTED', 'The sandbox does not keep deleted buckets.');
  const projectId = projectIdOf(state, parameter(call, 'project'));
  const projection = projectionOf(query);
  const prefix = query.get('prefix') ?? '';
  const after = readPageToken(query)?.[0] ?? '';
  const max = pageSize(query, projection === 'full' ? MAX_FULL_PAGE : undefined);
  const rest = [...state.buckets.values()]
    .filter(
      ({ name, projectId: owner }) =>
        owner === projectId && name.startsWith(prefix) && compareNames(name, after) > 0,
    )
    .sort((a, b) => compareNames(a.name, b.name));
  const page = rest.slice(0, max);
  const unreachable = page
    .filter((bucket) => bucket.unreachable)
    .map((bucket) => `projects/_/buckets/${bucket.name}`);
  if (unreachable.length > 0 && !booleanParameter(query, 'returnPartialSuccess'))
    throw new ApiError('UNAVAILABLE', `Some buckets are temporarily unreachable: ${unreachable.join(', ')}`);
  const items = page
    .filter((bucket) => !bucket.unreachable)
    .map((bucket) => bucketResource(bucket, projection, state));
  const last = rest.length > max ? page.at(-1) : undefined;
  return {
    kind: 'storage#buckets',
    ...(items.length > 0 && { items }),
    ...(unreachable.length > 0 && { unreachable }),
    ...(last !== undefined && { nextPageToken: writePageToken([last.name]) }),
  };
}

function storageLayout(bucket: StoredBucket): object {
  const { customPlacementConfig, hierarchicalNamespace } = bucket.settings;
  return {
    kind: 'storage#storageLayout',
    bucket: bucket.name,
    location: bucket.location,
    locationType: bucket.locationType,
    ...(customPlacementConfig && { customPlacementConfig }),
    hierarchicalNamespace: { enabled: hierarchicalNamespace?.enabled ?? false },
  };
}
