import type { BucketSettings } from './bucket-schema.ts';
import { rfc3339 } from './bucket-settings.ts';
import { bucketEtag } from './etag.ts';
import type { StorageState, StoredBucket } from './model.ts';

export type Projection = 'full' | 'noAcl';
type AccessControls = NonNullable<BucketSettings['acl']>;

/** A bucket as the JSON API shows it. Access control lists show with `full`, on buckets without uniform access. */
export function bucketResource(
  bucket: StoredBucket,
  projection: Projection,
  state: StorageState,
): Record<string, unknown> {
  const { acl, defaultObjectAcl, iamConfiguration, ...settings } = bucket.settings;
  const projectNumber = state.projectNumberOf(bucket.projectId);
  const uniform = iamConfiguration?.uniformBucketLevelAccess;
  const selfLink = `https://www.googleapis.com/storage/v1/b/${bucket.name}`;
  const etag = bucketEtag(bucket.metageneration);
  const withLists = projection === 'full' && uniform?.enabled !== true;
  const bucketEntry = { kind: 'storage#bucketAccessControl', bucket: bucket.name };
  return {
    kind: 'storage#bucket',
    selfLink,
    id: bucket.name,
    name: bucket.name,
    projectNumber,
    generation: bucket.generation,
    metageneration: String(bucket.metageneration),
    location: bucket.location,
    locationType: bucket.locationType,
    etag,
    timeCreated: rfc3339(bucket.createdMs),
    updated: rfc3339(bucket.updatedMs),
    ...settings,
    ...(bucket.objectRetention === true && { objectRetention: { mode: 'Enabled' } }),
    iamConfiguration: { bucketPolicyOnly: uniform, ...iamConfiguration },
    ...(withLists && {
      acl: accessControls(acl, projectNumber).map((entry) => ({
        ...bucketEntry,
        id: `${bucket.name}/${entry.entity}`,
        selfLink: `${selfLink}/acl/${entry.entity}`,
        ...entry,
        etag,
      })),
      defaultObjectAcl: accessControls(defaultObjectAcl, projectNumber).map((entry) => ({
        kind: 'storage#objectAccessControl',
        ...entry,
        etag,
      })),
      owner: { entity: `project-owners-${projectNumber}` },
    }),
  };
}

/** The given list or, without one, what `projectPrivate` gives. */
function accessControls(
  list: AccessControls | undefined,
  projectNumber: string,
): { readonly entity: string }[] {
  const entries = list ?? [
    { entity: `project-owners-${projectNumber}`, role: 'OWNER' as const },
    { entity: `project-editors-${projectNumber}`, role: 'OWNER' as const },
    { entity: `project-viewers-${projectNumber}`, role: 'READER' as const },
  ];
  return entries.map((entry) => {
    const team = /^project-(owners|editors|viewers)-(\d+)$/.exec(entry.entity);
    return team === null ? entry : { ...entry, projectTeam: { projectNumber: team[2], team: team[1] } };
  });
}
