import type { Bucket } from '../../../shared/google/buckets.ts';
import type { Cell } from '../forecast/usage.ts';
import { noncurrentOnly, type ReadRule } from '../rules/condition.ts';
import { canMove, coldness, isOldClass } from '../rules/storage-class.ts';
import type { Finding, LintContext } from './lint.ts';

/** Why nothing ever meets a rule's condition; undefined when something may. */
export function neverFires({ condition }: ReadRule, { bucket, usage }: LintContext): Finding | undefined {
  const never = (why: string): Finding => ({ code: 'never-fires', why });
  if (condition.isLive === true && noncurrentOnly({ ...condition, isLive: undefined }))
    return never('a live version has no newer ones and never was made noncurrent');
  if (bucket === undefined) return undefined;
  const early = [condition.createdBefore, condition.noncurrentTimeBefore].find(
    (date) => date !== undefined && bucket.createdMs > 0 && Date.parse(date) <= bucket.createdMs,
  );
  if (early !== undefined)
    return never(`nothing in the bucket is older than ${early}: it was created ${dayOf(bucket.createdMs)}`);
  if (bucket.versioned || !noncurrentOnly(condition)) return undefined;
  const cells = usage?.kind === 'measured' ? usage.cells : [];
  // Versions of the time before versioning was switched off are still there.
  if (cells.some(({ type, bytes }) => type === 'noncurrent-object' && bytes > 0)) return undefined;
  return never('it matches noncurrent versions only, and the bucket does not keep any (versioning is off)');
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** A list of classes of which no object is one, or none that the move could take. */
export function unreachable(
  { type, condition, to }: ReadRule,
  rules: readonly ReadRule[],
  bucket: Bucket | undefined,
  cells: readonly Cell[] | undefined,
): Finding | undefined {
  const sources = condition.matchesStorageClass;
  if (sources === undefined || type === 'AbortIncompleteMultipartUpload') return undefined;
  const finding = (why: string): Finding => ({ code: 'class-unreachable', why });
  const named = sources.join(' or ');
  if (type === 'SetStorageClass' && !sources.some((from) => canMove(from, to)))
    return finding(`no object moves from ${named} to ${to}`);
  const held = [bucket?.storageClass ?? '', ...(cells ?? []).map(({ storageClass }) => storageClass)];
  // Moving what is left of the old classes to STANDARD says itself that it is about them.
  if (to !== 'STANDARD' && sources.every(isOldClass) && !held.some(isOldClass))
    return finding(`${named} is a class of old: what is written today is STANDARD`);
  if (bucket === undefined) return undefined;
  // STANDARD is what every upload may have; a colder class has to come from somewhere.
  const comes = (from: string): boolean =>
    coldness(from) === 0 ||
    from === bucket.storageClass ||
    bucket.autoclass ||
    rules.some((rule) => rule.type === 'SetStorageClass' && rule.to === from) ||
    cells === undefined ||
    cells.some((cell) => cell.storageClass === from && cell.bytes > 0);
  return sources.some(comes)
    ? undefined
    : finding(`nothing in the bucket is ${named}, and no rule makes it so`);
}

/** Prefixes that begin with a slash, which names of objects hardly ever do. */
export function leadingSlash({ condition }: ReadRule, { forecast }: LintContext): Finding | undefined {
  const listed = forecast?.source === 'objects' && forecast.notes.length === 0 ? forecast : undefined;
  const prefix = condition.matchesPrefix?.find(
    (one) => one.startsWith('/') && (listed === undefined || listed.emptyPrefixes.includes(one)),
  );
  if (prefix === undefined) return undefined;
  const meant = prefix.replace(/^\/+/, '');
  return {
    code: 'leading-slash',
    why: `names of objects do not begin with a slash: "${prefix}" matches nothing where "${meant}" is meant`,
  };
}
