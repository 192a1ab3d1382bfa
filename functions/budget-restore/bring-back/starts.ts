import type { RestoreRun } from '../run.ts';
import type { StartRequest } from '../../../shared/state/manifest.ts';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';

/** Requests that are not known to have come to their end, by resource and step; the manifest keeps them for the next call. */
export interface Starts {
  get(key: string): StartRequest | undefined;
  set(key: string, request: StartRequest | undefined): void;
  /** Writes to the manifest what has changed, in one go: an object takes one write a second. */
  save(): Promise<void>;
}

/** When a start is requested: not before its item was taken away, as the switch's clock may have it. */
export function requestedAtMs(
  { runtime }: Pick<RestoreRun, 'runtime'>,
  { atMs = 0 }: Pick<ManifestItem, 'atMs'>,
): number {
  return Math.max(runtime.now().getTime(), atMs + 1);
}

export function openStarts({ lease }: Pick<RestoreRun, 'lease'>): Starts {
  const known = new Map<string, StartRequest>(Object.entries(lease.manifest().starts ?? {}));
  let isChanged = false;
  return {
    get: (key) => known.get(key),
    set(key, request) {
      if (request === undefined && !known.has(key)) return;
      isChanged = true;
      if (request === undefined) known.delete(key);
      else known.set(key, request);
    },
    async save() {
      if (!isChanged) return;
      isChanged = false;
      await lease.update((stored) => ({ ...stored, starts: Object.fromEntries(known) }));
    },
  };
}
