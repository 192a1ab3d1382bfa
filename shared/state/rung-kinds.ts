import type { RungAction } from '../policy/policy.ts';
import { NOTEBOOKS } from '../resources/compute/notebook.ts';
import type { ResourceKind } from '../resources/kind.ts';
import { RESOURCE_KINDS } from '../resources/kinds.ts';

const KINDS: Readonly<Record<RungAction, readonly ResourceKind[]>> = {
  notify: [],
  'stop-notebooks': [NOTEBOOKS],
  'stop-compute': RESOURCE_KINDS,
  // What stops with billing is written down first, and what does not come back is named.
  'unlink-billing': RESOURCE_KINDS,
};

/** What a rung looks at: what it stops, and what it names because nothing stops it. */
export function rungKinds(action: RungAction): readonly ResourceKind[] {
  return KINDS[action];
}
