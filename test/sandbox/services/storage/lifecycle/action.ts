/** What a lifecycle rule did to one version of an object, or to an unfinished upload. */
export type LifecycleAction = {
  readonly bucket: string;
  readonly object: string;
  readonly atMs: number;
  readonly bytes: number;
} & (
  | {
      readonly type: 'Delete';
      readonly generation: string;
      readonly storageClass: string;
      /** What is left of it: with versioning a live object becomes noncurrent, and soft delete keeps what goes. */
      readonly left: 'noncurrent' | 'soft-deleted' | 'nothing';
    }
  | {
      readonly type: 'SetStorageClass';
      readonly generation: string;
      readonly from: string;
      readonly to: string;
    }
  | { readonly type: 'AbortIncompleteMultipartUpload'; readonly uploadId: string }
);
