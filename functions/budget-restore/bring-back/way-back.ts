import { messageOf } from '../../../shared/errors.ts';
import type { BringBack } from '../../../shared/resources/kind.ts';
import { bringBackOf, type ResourceItem } from '../../../shared/state/manifest-item.ts';

/** How an item is brought back; what its kind cannot read is left, and does not hide the others. */
export function wayBackOf(item: ResourceItem): BringBack {
  try {
    return bringBackOf(item);
  } catch (error) {
    return { kind: 'left', why: `what the manifest remembers of it cannot be read: ${messageOf(error)}` };
  }
}
