import { ApiError } from '../../http/api-error.ts';
import { checkBody, mergePatch } from './body.ts';
import { bucketSettingsSchema, type BucketSettings } from './bucket-schema.ts';

const DAY_S = 86_400;
const DEFAULT_SOFT_DELETE_S = 7 * DAY_S;
const MAX_SOFT_DELETE_S = 365 * DAY_S;
/** 100 years, as the service counts them. */
const MAX_RETENTION_S = 3_155_760_000;
/** Uniform bucket-level access can be turned off for this long after it was turned on. */
const UNIFORM_LOCK_MS = 90 * DAY_S * 1_000;

/** The settings after a PATCH. `lifecycle` is replaced as a whole, everything else merges. */
export function patchSettings(
  current: BucketSettings,
  patch: Readonly<Record<string, unknown>>,
): BucketSettings {
  const kept = 'lifecycle' in patch ? { ...current, lifecycle: undefined } : current;
  return checkBody(bucketSettingsSchema, mergePatch(kept, patch));
}

/** What the service makes of `wanted`: defaults, times of change, and the combinations that it refuses. */
export function settleSettings(
  wanted: BucketSettings,
  before: BucketSettings | undefined,
  nowMs: number,
): BucketSettings {
  const settled = {
    ...wanted,
    storageClass: wanted.storageClass ?? 'STANDARD',
    rpo: wanted.rpo ?? 'DEFAULT',
    autoclass: settleAutoclass(wanted, before, nowMs),
    iamConfiguration: settleAccess(wanted, before, nowMs),
    retentionPolicy: settleRetention(wanted, before, nowMs),
    softDeletePolicy: settleSoftDelete(wanted, before, nowMs),
  };
  refuseCombinations(settled, before);
  return settled;
}

function settleSoftDelete(
  wanted: BucketSettings,
  before: BucketSettings | undefined,
  nowMs: number,
): BucketSettings['softDeletePolicy'] {
  const retentionDurationSeconds =
    wanted.softDeletePolicy?.retentionDurationSeconds ?? String(DEFAULT_SOFT_DELETE_S);
  const seconds = Number(retentionDurationSeconds);
  if (seconds === 0) return { retentionDurationSeconds };
  if (seconds < DEFAULT_SOFT_DELETE_S || seconds >= MAX_SOFT_DELETE_S)
    throw invalid('Soft delete policy retention duration must be 0 or between 7 days and 1 year.');
  const unchanged = before?.softDeletePolicy?.retentionDurationSeconds === retentionDurationSeconds;
  const effectiveTime = (unchanged ? before.softDeletePolicy?.effectiveTime : undefined) ?? rfc3339(nowMs);
  return { retentionDurationSeconds, effectiveTime };
}

function settleRetention(
  wanted: BucketSettings,
  before: BucketSettings | undefined,
  nowMs: number,
): BucketSettings['retentionPolicy'] {
  const was = before?.retentionPolicy;
  const seconds = Number(wanted.retentionPolicy?.retentionPeriod ?? 0);
  if (was?.isLocked === true && seconds < Number(was.retentionPeriod))
    throw new ApiError(
      'PERMISSION_DENIED',
      'Cannot reduce retention duration of a locked Retention Policy for the bucket.',
    );
  if (wanted.retentionPolicy === undefined) return undefined;
  if (seconds <= 0 || seconds >= MAX_RETENTION_S)
    throw invalid('Retention period must be greater than 0 and less than 100 years.');
  const { retentionPeriod } = wanted.retentionPolicy;
  const effectiveTime =
    (was?.retentionPeriod === retentionPeriod ? was.effectiveTime : undefined) ?? rfc3339(nowMs);
  return { retentionPeriod, effectiveTime, ...(was?.isLocked === true ? { isLocked: true } : {}) };
}

function settleAccess(
  wanted: BucketSettings,
  before: BucketSettings | undefined,
  nowMs: number,
): BucketSettings['iamConfiguration'] {
  const was = before?.iamConfiguration?.uniformBucketLevelAccess;
  const now = wanted.iamConfiguration;
  // `bucketPolicyOnly` is the old name of the same switch; only the one that a request changes counts.
  const uniform = now?.uniformBucketLevelAccess?.enabled;
  const enabled = (uniform === was?.enabled ? (now?.bucketPolicyOnly?.enabled ?? uniform) : uniform) ?? false;
  const publicAccessPrevention = now?.publicAccessPrevention === 'enforced' ? 'enforced' : 'inherited';
  if (!enabled && was?.lockedTime !== undefined && Date.parse(was.lockedTime) <= nowMs)
    throw invalid('Uniform bucket-level access has been locked and cannot be disabled.');
  const lockedTime = (was?.enabled === true ? was.lockedTime : undefined) ?? rfc3339(nowMs + UNIFORM_LOCK_MS);
  return {
    uniformBucketLevelAccess: enabled ? { enabled, lockedTime } : { enabled },
    publicAccessPrevention,
  };
}

function settleAutoclass(
  wanted: BucketSettings,
  before: BucketSettings | undefined,
  nowMs: number,
): BucketSettings['autoclass'] {
  if (wanted.autoclass === undefined) return undefined;
  const was = before?.autoclass;
  const { enabled } = wanted.autoclass;
  const toggleTime = (was?.enabled === enabled ? was.toggleTime : undefined) ?? rfc3339(nowMs);
  if (!enabled) return { enabled, toggleTime };
  const terminalStorageClass = wanted.autoclass.terminalStorageClass ?? 'NEARLINE';
  const unchanged = was?.terminalStorageClass === terminalStorageClass;
  const terminalStorageClassUpdateTime =
    (unchanged ? was.terminalStorageClassUpdateTime : undefined) ?? rfc3339(nowMs);
  return { enabled, toggleTime, terminalStorageClass, terminalStorageClassUpdateTime };
}

function refuseCombinations(settings: BucketSettings, before: BucketSettings | undefined): void {
  const rules = settings.lifecycle?.rule ?? [];
  if (settings.autoclass?.enabled === true) {
    if (settings.storageClass !== 'STANDARD')
      throw invalid('A bucket with Autoclass must have the storage class STANDARD.');
    if (
      rules.some(
        (rule) => rule.action.type === 'SetStorageClass' || rule.condition.matchesStorageClass !== undefined,
      )
    )
      throw invalid(
        'SetStorageClass actions and matchesStorageClass conditions cannot be used on a bucket with Autoclass.',
      );
  }
  const uniform = settings.iamConfiguration?.uniformBucketLevelAccess?.enabled === true;
  if (uniform && before?.iamConfiguration?.uniformBucketLevelAccess?.enabled === true)
    if (accessLists(settings) !== accessLists(before))
      throw invalid('Cannot update access control for a bucket when uniform bucket-level access is enabled.');
  if (settings.hierarchicalNamespace?.enabled !== true) return;
  if (!uniform) throw invalid('Hierarchical namespace requires uniform bucket-level access.');
  if (settings.versioning?.enabled === true)
    throw invalid('Object versioning is not supported on a bucket with hierarchical namespace.');
}

function accessLists({ acl, defaultObjectAcl }: BucketSettings): string {
  return JSON.stringify([acl, defaultObjectAcl]);
}

function invalid(message: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', message);
}

export function rfc3339(ms: number): string {
  return new Date(ms).toISOString();
}
