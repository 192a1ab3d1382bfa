import type { Rung } from '../../../shared/policy/policy.ts';
import type { LeftAlone } from '../../../shared/state/manifest.ts';
import type { NoteGap } from '../gather.ts';

/** Something that could not be looked at. */
export type Unseen = Parameters<NoteGap>[0];

/** Places that one line of the log names. */
export const MAX_SHOWN = 20;

/** What it means that a part of a project could not be looked at. */
export function incompleteText(rung: Rung, projectId: string, unseen: readonly Unseen[]): string {
  const means =
    rung.do === 'unlink-billing'
      ? 'what runs there unseen stops with billing, is not in the restore manifest, and no restore brings it back'
      : 'what runs there unseen goes on';
  return `${rung.do} is incomplete on ${projectId}: ${means}: ${placesText(unseen)}`;
}

/** The first of the places, and how many more there are. */
export function placesText(unseen: readonly Unseen[]): string {
  const [first = '', ...others] = unseen.map(placeText);
  return `${first}${others.length > 0 ? ` (and ${others.length} more)` : ''}`;
}

export function placeText({ where, why }: Unseen): string {
  return `${where}: ${why}`;
}

/** The manifest says what it does not know: an operator has to look there once billing is back. */
export function toUnseen({ where, why }: Unseen): LeftAlone {
  return { resource: where, reason: `not seen before billing was unlinked: ${why}`, unseen: true };
}
