import { disabledGaps, VERTEX, type ResourceInventory } from '../../../shared/resources/inventory.ts';
import type { Listing, LookGap } from '../../../shared/resources/look.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';
import { wasHeld } from '../../../shared/spend/region-looks.ts';
import { areaOf, kindsOfArea } from '../kinds.ts';

/** What disabled APIs hide of a look. */
export interface Hidden {
  readonly gaps: readonly LookGap[];
  /** Of the areas where something ran or was lately: it may go on. */
  readonly kinds: ReadonlySet<string>;
  /** Whether Vertex AI is disabled, and nothing was there: nothing is known of its regions, and nothing needs to be. */
  readonly isVertexOff: boolean;
  /** Listings of Vertex AI that answered or failed; the others are as if it had not been their turn. */
  readonly listings: readonly Listing[];
  readonly unlisted: readonly string[];
}

/** Tells what ran or was before a disabled API hid it from what was never there. Pure. */
export function hiddenBy(inventory: ResourceInventory, before: Ledger | undefined, nowMs: number): Hidden {
  const { disabledAreas, listings, regions } = inventory;
  const isHidden = (area: string): boolean => wasSeen(before, area, nowMs);
  const areas = disabledAreas.filter(isHidden);
  const isLost = ({ isDisabled }: Listing): boolean => isDisabled === true && areas.includes(VERTEX);
  return {
    gaps: disabledGaps(inventory, isHidden),
    kinds: new Set(areas.flatMap(kindsOfArea)),
    isVertexOff: regions === undefined && disabledAreas.includes(VERTEX) && !areas.includes(VERTEX),
    listings: listings.filter((one) => !isLost(one)),
    unlisted: listings.filter(isLost).map(({ what }) => what),
  };
}

function wasSeen(before: Ledger | undefined, area: string, nowMs: number): boolean {
  if (before?.running.some(({ kind }) => areaOf(kind) === area) === true) return true;
  return area === VERTEX && wasHeld(before?.looks, nowMs);
}
