import type { Present } from '../../../shared/resources/kind.ts';
import type { StartRequest } from '../../../shared/state/manifest.ts';
import type { Holder } from '../../../shared/state/holders.ts';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';
import { stoppedElsewhere } from './held-elsewhere.ts';

/**
 * Whether a start that failed counts as the last start is not known: a start this soon after the restore's own that failed is taken for
 * that one.
 */
const OWN_ATTEMPT_MS = 30 * 60_000;

/**
 * Why something that is off stays off: an operator started it after the switch had stopped it, and stopped it again, or another budget did.
 * Undefined where nothing speaks against starting it, or its kind does not tell when it was started. `held`: what other budgets hold. Pure.
 */
export function startedByHand(
  { resource, atMs = 0 }: Pick<ManifestItem, 'resource' | 'atMs'>,
  present: Pick<Present, 'startedMs'>,
  failedStart: StartRequest | undefined,
  held: readonly Holder[] = [],
): string | undefined {
  // A kind that tells of starts, and a resource that does not, is another thing than a kind that has no such field.
  if (!('startedMs' in present)) return undefined;
  if (present.startedMs === undefined)
    return 'when it was last started cannot be told, so whether an operator stopped it by hand cannot either';
  const sinceMs = failedStart === undefined ? atMs : Math.max(atMs, failedStart.atMs + OWN_ATTEMPT_MS);
  if (present.startedMs <= sinceMs) return undefined;
  const elsewhere = stoppedElsewhere(held, resource, present.startedMs);
  return elsewhere === undefined
    ? 'an operator started it since and stopped it again by hand'
    : `an operator started it since, and ${elsewhere}`;
}

/** What is said of something that was started without that question answered. */
export const UNTOLD =
  'whether an operator started and stopped it meanwhile cannot be told: Google keeps no time of its last start';

/** What is said of something that was started and is off again. */
export function fellBackText(resource: string, state: string, reason: string): string {
  return `Cannot bring back "${resource}": it was started and is ${state} again: ${reason}. Send the request again to try once more`;
}
