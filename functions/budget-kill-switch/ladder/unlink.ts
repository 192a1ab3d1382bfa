import { getBillingLink, setBillingLink } from '../../../shared/google/billing.ts';
import { changeState } from '../../../shared/google/change/change-state.ts';
import { poll } from '../../../shared/google/change/waits.ts';
import { messageOf } from '../../../shared/errors.ts';
import { BusyError } from '../../../shared/google/google-api-error.ts';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';
import type { SwitchRun } from '../run.ts';
import { settled, statusAfter, takenAtMs } from './items.ts';
import type { Work } from './ladder.ts';

/** How long the unlinking may take to show, and billing to be off then. */
const SHOWS_MS = 30_000;
const BILLING_OFF_MS = 60_000;

/** Cuts the link and reads it back until billing is off; then Google stops whatever ran. */
export async function unlinkBilling(
  run: SwitchRun,
  work: Work,
  items: readonly ManifestItem[],
): Promise<void> {
  const link = items.find((item) => item.kind === 'billing');
  if (link === undefined) return;
  const cut = { isOurs: false };
  try {
    const outcome = await cutLink(run, work, link, () => (cut.isOurs = true));
    const now = run.runtime.now();
    for (const item of items)
      await work.done(settled(item, 'why' in outcome ? outcome : { ...outcome, atMs: takenAtMs(item, now) }));
  } catch (error) {
    run.failure(link.resource, error);
    // What was cut must be linked again, whatever the look after it was refused with.
    const status = cut.isOurs ? 'planned' : statusAfter(error);
    await work.done(settled(link, { status, why: messageOf(error) }));
  }
}

async function cutLink(
  run: SwitchRun,
  work: Work,
  link: Extract<ManifestItem, { kind: 'billing' }>,
  onCut: () => void,
): Promise<Pick<ManifestItem, 'status' | 'why'>> {
  const { api, runtime, projectId } = run;
  const changed = await changeState(
    {
      resource: link.resource,
      look: () => getBillingLink(api, runtime.auth, projectId),
      isThere: ({ account }) => account === undefined,
      // The manifest would bring back the account that it had when this was planned.
      blocker: ({ account }) =>
        account === link.account ? undefined : `it was linked to ${account ?? 'none'} meanwhile`,
      request: (permit) => setBillingLink(api, runtime.auth, permit, projectId, undefined),
      intend: () => work.intend(link),
      alreadyRequested: work.mayBeRequested(link),
    },
    {
      sleep: work.pause,
      random: runtime.random,
      nowMs: () => runtime.now().getTime(),
      confirmMs: SHOWS_MS,
    },
    work.lease,
  );
  if (changed.kind === 'blocked') return { status: 'already', why: changed.why };
  if (changed.kind === 'done') onCut();
  const off = await poll(
    work.pause,
    BILLING_OFF_MS,
    async () => !(await getBillingLink(api, runtime.auth, projectId)).enabled,
  );
  if (!off)
    throw new BusyError(
      `Cannot confirm that billing of "${projectId}" is off: it was unlinked and still reads as enabled`,
    );
  return { status: changed.kind === 'done' ? 'done' : 'already' };
}
