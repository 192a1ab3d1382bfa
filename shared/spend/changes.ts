import type { SeenNow } from './accrue.ts';
import type { Change, Ledger, Running } from './ledger.ts';
import { listingOf } from './region-looks.ts';

const HOUR_MS = 3_600_000;

/** A cluster that comes and goes shall not fill the ledger. */
const MAX_CHANGES = 40;

/** What appeared and what was gone within the last hour. What a listing that failed may hide is not gone. */
export function addChanges({ running, changes = [] }: Ledger, seen: SeenNow): Change[] {
  const { atMs, resources } = seen;
  const was = new Set(running.map(({ resource }) => resource));
  const is = new Set(resources.map(({ resource }) => resource));
  const ended = new Set((seen.ended ?? []).map(({ resource }) => resource));
  const gone = running.filter(
    (one) => !is.has(one.resource) && (ended.has(one.resource) || isGone(seen, one)),
  );
  const appeared = resources.filter(({ resource }) => !was.has(resource));
  const change = (what: Change['what'], { resource, kind, rate }: SeenNow['resources'][number]): Change => ({
    ...{ atMs, what, resource, kind },
    usdPerHour: rate.expected,
  });
  return [
    ...changes.filter((one) => atMs - one.atMs < HOUR_MS),
    ...gone.map((one) => change('gone', one)),
    ...appeared.map((one) => change('appeared', one)),
  ].slice(-MAX_CHANGES);
}

/** Whether a look saw that something is not there any more. */
export function isGone(
  { complete, hiddenKinds, skipped }: SeenNow,
  { resource, kind }: Pick<Running, 'resource' | 'kind'>,
): boolean {
  const isSeen = complete || hiddenKinds?.has(kind) === false;
  return isSeen && skipped?.has(listingOf(resource) ?? '') !== true;
}
