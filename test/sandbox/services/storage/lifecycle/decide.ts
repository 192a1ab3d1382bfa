import type { Lifecycle } from '../lifecycle-schema.ts';
import type { StoredBucket, StoredObject } from '../model.ts';
import { removableFromMs } from '../object-writes.ts';
import { metFromMs, type Condition } from './condition.ts';

export type Rules = Lifecycle['rule'];

/** A bucket's rules by what they do; the classes with the cheapest storage first. */
export interface Program {
  readonly deletions: readonly Condition[];
  readonly moves: readonly { readonly storageClass: string; readonly condition: Condition }[];
  readonly aborts: readonly Condition[];
}

export type Decision = 'delete' | 'expire' | { readonly moveTo: string } | undefined;

/** From warm to cold; the legacy classes stand beside STANDARD. */
const WARMTH = ['NEARLINE', 'COLDLINE', 'ARCHIVE'];
const LEGACY: ReadonlySet<string> = new Set(['MULTI_REGIONAL', 'REGIONAL', 'DURABLE_REDUCED_AVAILABILITY']);

export function programOf(rules: Rules, bucket: StoredBucket): Program {
  // Autoclass alone chooses the class of each object.
  const chosen = bucket.settings.autoclass?.enabled === true;
  return {
    deletions: rules.filter(({ action }) => action.type === 'Delete').map(({ condition }) => condition),
    moves: rules
      .flatMap(({ action, condition }) =>
        action.type === 'SetStorageClass' && !chosen
          ? [{ storageClass: action.storageClass, condition }]
          : [],
      )
      .sort((a, b) => coldness(b.storageClass) - coldness(a.storageClass)),
    aborts: rules
      .filter(({ action }) => action.type === 'AbortIncompleteMultipartUpload')
      .map(({ condition }) => condition),
  };
}

/** When the program, or for a soft-deleted version the end of its window, next does something to it. */
export function dueMs(bucket: StoredBucket, program: Program, version: StoredObject): number {
  if (version.softDeletedMs !== undefined) return version.hardDeleteMs ?? Infinity;
  const newer = newerVersions(bucket, version);
  let deleteMs = Infinity;
  for (const condition of program.deletions)
    deleteMs = Math.min(deleteMs, metFromMs(condition, version, newer));
  if (deleteMs < Infinity) deleteMs = Math.max(deleteMs, removableFromMs(bucket, version));
  let moveMs = Infinity;
  for (const { storageClass, condition } of program.moves)
    if (mayMove(version.storageClass, storageClass))
      moveMs = Math.min(moveMs, metFromMs(condition, version, newer));
  return Math.min(deleteMs, moveMs);
}

/** The one thing that happens to the version at `atMs`: a deletion before a move, and the coldest class of all moves. */
export function decide(
  bucket: StoredBucket,
  program: Program,
  version: StoredObject,
  atMs: number,
): Decision {
  if (version.softDeletedMs !== undefined)
    return (version.hardDeleteMs ?? Infinity) <= atMs ? 'expire' : undefined;
  const newer = newerVersions(bucket, version);
  const meets = (condition: Condition): boolean => metFromMs(condition, version, newer) <= atMs;
  if (removableFromMs(bucket, version) <= atMs && program.deletions.some(meets)) return 'delete';
  const move = program.moves.find(
    ({ storageClass, condition }) => mayMove(version.storageClass, storageClass) && meets(condition),
  );
  return move && { moveTo: move.storageClass };
}

/** Never warmer; the legacy classes can also become STANDARD. */
function mayMove(from: string, to: string): boolean {
  if (LEGACY.has(to)) return false;
  if (to === 'STANDARD') return LEGACY.has(from);
  return coldness(to) > coldness(from);
}

function coldness(storageClass: string): number {
  return WARMTH.indexOf(storageClass);
}

function newerVersions(bucket: StoredBucket, version: StoredObject): number {
  const all = bucket.objects.versions(version.name);
  if (all.length === 1) return 0;
  const at = all.findIndex(({ generation }) => generation === version.generation);
  return all.slice(at + 1).filter(({ softDeletedMs }) => softDeletedMs === undefined).length;
}
