/** What the daily storage metrics say about one bucket. */
export type Usage =
  | { readonly kind: 'measured'; readonly cells: readonly Cell[] }
  /** Empty buckets have no series, and neither have those that were filled since yesterday. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string }
  /** Not measured in this run. */
  | { readonly kind: 'unread' };

/** What a bucket holds in one class and state. */
export interface Cell {
  readonly storageClass: string;
  /** `live-object`, `noncurrent-object`, `soft-deleted-object`, `multipart-upload`; undefined: live or noncurrent. */
  readonly type: string | undefined;
  readonly bytes: number;
  /** Undefined where the counts are missing. */
  readonly count: number | undefined;
}

/** Bytes of all versions, without what is softly deleted or an unfinished upload. */
export function objectBytes(cells: readonly Cell[]): number {
  return objectCells(cells).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The cells that lifecycle rules for objects act on. */
export function objectCells(cells: readonly Cell[]): readonly Cell[] {
  return cells.filter(({ type }) => type !== 'soft-deleted-object' && type !== 'multipart-upload');
}
