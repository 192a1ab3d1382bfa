import { messageOf } from '../../../shared/errors.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import { readHolders, type Holder } from '../../../shared/state/holders.ts';
import type { ManifestKey } from '../../../shared/state/manifest.ts';
import { changedIn, isOutermost } from '../../../shared/state/manifest-item.ts';
import type { State } from '../../../shared/state/state.ts';
import type { RestoreStep } from '../decide.ts';

/**
 * What other budgets and periods hold of a project. Where that cannot be read nothing is known to be held, which is said: what comes
 * back that a rung in force covers is taken again.
 */
export async function heldElsewhere(
  { runtime, log }: Pick<EventContext, 'runtime' | 'log'>,
  state: State,
  key: ManifestKey,
): Promise<readonly Holder[]> {
  const untold = (why: string): void => {
    log('WARNING', `Whether other budgets hold what comes back in ${key.project} is not known: ${why}`);
  };
  try {
    const { held, unread } = await readHolders(state, key, runtime.now().getTime());
    for (const { where, why } of unread) untold(`${where}: ${why}`);
    return held;
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    untold(messageOf(error));
    return [];
  }
}

/**
 * Leaves away what a rung in force of another budget or period holds as well: it would be taken again, and comes back as it was before the
 * first stop with the last restore. So is what makes others of its place, where one of these is held. Without its billing nothing of the
 * project comes back. Pure.
 */
export function leaveHeld(steps: readonly RestoreStep[], held: readonly Holder[]): readonly RestoreStep[] {
  const inForce = held.filter((one) => one.isInForce);
  const holders = new Map(inForce.map((one) => [one.item.resource, one]));
  const ofLink = inForce.find(({ item }) => item.kind === 'billing');
  return steps.map((step) => {
    const { action, item } = step;
    const inner = isOutermost(item)
      ? inForce.find((one) => changedIn(one.item) === item.resource)
      : undefined;
    const holder = holders.get(item.resource) ?? inner ?? ofLink;
    if (action === 'none' || holder === undefined) return step;
    if (holder === inner)
      return {
        ...step,
        action: 'none',
        why: `${rungText(holder)} is in force and holds ${holder.item.resource}, since ${takenText(holder)}: after a restore or a raise of that one send this request again`,
      };
    const what = holder.item.resource === item.resource ? 'it as well' : 'the billing of its project';
    return { ...step, action: 'none', why: heldText(holder, what) };
  });
}

function heldText(holder: Holder, what: string): string {
  return `${rungText(holder)} is in force and holds ${what}, since ${takenText(holder)}: it comes back with a restore of that one; after a raise of it send this request again`;
}

/** What another budget stopped after an operator had started it; undefined where none did, or it was started after that as well. Pure. */
export function stoppedElsewhere(
  held: readonly Holder[],
  resource: string,
  startedMs: number,
): string | undefined {
  const holder = held.findLast(
    ({ item }) => item.resource === resource && (item.atMs ?? 0) >= startedMs && item.status === 'done',
  );
  return holder === undefined
    ? undefined
    : `${rungText(holder)} stopped it at ${takenText(holder)}: it comes back with a restore of that one`;
}

function rungText({ rung, manifest: { budget, period } }: Holder): string {
  return `${rung} of ${budget}, period ${period},`;
}

function takenText({ item: { atMs } }: Holder): string {
  return atMs === undefined ? 'a moment that is not known' : new Date(atMs).toISOString();
}
