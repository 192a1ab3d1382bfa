import type { Clock } from '../../clock/clock.ts';
import type { Need } from '../../http/route.ts';
import type { Condition } from '../../iam/condition.ts';
import type { BucketSettings } from './bucket-schema.ts';
import type { LifecycleAction } from './lifecycle/action.ts';
import type { Timeline } from './lifecycle/timeline.ts';
import type { LocationType } from './location.ts';
import type { ObjectStore } from './object-store.ts';
import type { UploadSession } from './resumable.ts';

export interface StoredBucket {
  readonly name: string;
  readonly projectId: string;
  readonly location: string;
  readonly locationType: LocationType;
  readonly generation: string;
  readonly createdMs: number;
  /** Answers 503 and is listed under `unreachable`. */
  readonly unreachable: boolean;
  /** Whether single objects may have a retention of their own. */
  readonly objectRetention?: boolean;
  readonly objects: ObjectStore;
  /** Multipart uploads of the XML API that are not completed; they come from the seed. */
  readonly uploads: Set<MultipartUpload>;
  readonly timeline: Timeline;
  updatedMs: number;
  metageneration: number;
  settings: BucketSettings;
  policy: IamPolicy;
}

export interface IamPolicy {
  readonly version: number;
  readonly bindings: readonly {
    readonly role: string;
    readonly members: readonly string[];
    readonly condition?: Condition | undefined;
  }[];
  /** Counts the changes; the policy's etag. */
  readonly revision: number;
}

/** One version of an object: live, noncurrent (`deletedMs`) or soft-deleted (`softDeletedMs`). */
export interface StoredObject {
  readonly name: string;
  readonly generation: string;
  readonly metageneration: number;
  readonly size: number;
  /** Absent, like the checksums, for a seeded object that has a size only. */
  readonly content?: Buffer;
  readonly md5Hash?: string | undefined;
  readonly crc32c?: string | undefined;
  readonly storageClass: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly storageClassUpdatedMs: number;
  /** From when the bucket's retention period counts: the creation, or the release of an event-based hold. */
  readonly retentionStartMs: number;
  readonly deletedMs?: number | undefined;
  readonly softDeletedMs?: number | undefined;
  readonly hardDeleteMs?: number | undefined;
  readonly componentCount?: number;
  readonly temporaryHold?: boolean | undefined;
  readonly eventBasedHold?: boolean | undefined;
  /** Of this object alone, beside the bucket's policy. */
  readonly retention?: { readonly mode: 'Locked' | 'Unlocked'; readonly retainUntilTime: string } | undefined;
  /** RFC 3339. */
  readonly customTime?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly contentDisposition?: string | undefined;
  readonly contentLanguage?: string | undefined;
  readonly cacheControl?: string | undefined;
}

/** Parts that were uploaded for an object which does not exist yet. They are stored and billed. */
export interface MultipartUpload {
  readonly name: string;
  readonly uploadId: string;
  readonly size: number;
  readonly storageClass: string;
  readonly startedMs: number;
}

/** Everything that the routes of the service share. */
export type MissingObjects = 'forbidden' | 'not-found';

export interface StorageState {
  readonly clock: Clock;
  readonly projectNumberOf: (projectId: string) => string;
  /** Answers testIamPermissions. */
  readonly allows: (principal: string, need: Need) => boolean;
  readonly buckets: Map<string, StoredBucket>;
  /** What a caller without storage.objects.list is answered about an object that is not there: 403, or 404. */
  missingObjects: MissingObjects;
  /** Makes the policy the bucket's, and the one that governs. Throws INVALID_ARGUMENT for what cannot be granted. */
  readonly setPolicy: (bucket: StoredBucket, policy: IamPolicy) => void;
  readonly sessions: Map<string, UploadSession>;
  /** Microseconds of the clock, always higher than the one before. */
  readonly nextGeneration: () => string;
  /** Chooses the moments at which the service gets round to things. */
  readonly seed: number;
  /** What lifecycle rules have done so far. */
  readonly lifecycleActions: LifecycleAction[];
}
