import { getBillingLink, judgePayer, setBillingLink } from '../../shared/google/billing.ts';
import { changeState } from '../../shared/google/change/change-state.ts';
import { poll } from '../../shared/google/change/waits.ts';
import { BusyError } from '../../shared/google/google-api-error.ts';
import type { ManifestItem } from '../../shared/state/manifest-item.ts';
import type { RestoreRun } from './run.ts';
import { resourceId } from '../../shared/google/resource-name.ts';

/** What became of one thing. `pending`: requested, and not there yet; the next request looks at it again. */
export type Restored =
  | { readonly kind: 'done' | 'already'; readonly why?: string }
  | { readonly kind: 'left' | 'pending'; readonly why: string };

type BillingItem = Extract<ManifestItem, { kind: 'billing' }>;

/**
 * Links a project to the budget's own account again, or to a subaccount of it. Throws `GoogleApiError`, `BusyError` where it does not
 * come into force, and where it cannot be told whether the account is a subaccount: nothing starts without billing.
 */
export async function restoreBilling(run: RestoreRun, { account }: BillingItem): Promise<Restored> {
  const { projectId } = run.project;
  // A manifest that names another account may not decide who pays.
  const payer = await judgePayer(run.api, { name: run.lease.manifest().budget, subaccounts: [] }, account);
  switch (payer.is) {
    case 'counted':
      return relink(run, projectId, account);
    case 'foreign':
      return { kind: 'left', why: byHand(projectId, account, payer.why) };
    case 'unknown':
      throw new Error(byHand(projectId, account, payer.why));
  }
}

function byHand(projectId: string, account: string, why: string): string {
  return `${account} is not the account of the budget: ${why}; if it is right, run: gcloud billing projects link ${projectId} --billing-account=${resourceId(account)}`;
}

/** How long a link may take to show, and to be in force. */
const SHOWS_MS = 30_000;
const LINKED_MS = 120_000;

/** Links the project to the account that it had, and waits until that is in force. */
async function relink(run: RestoreRun, projectId: string, account: string): Promise<Restored> {
  const { api, runtime } = run;
  const link = (): ReturnType<typeof getBillingLink> => getBillingLink(api, runtime.auth, projectId);
  const nowMs = (): number => runtime.now().getTime();
  const changed = await changeState(
    {
      resource: `projects/${projectId}`,
      look: link,
      isThere: (present) => present.account === account,
      blocker: (present) =>
        present.account === undefined ? undefined : `an operator linked it to ${present.account} meanwhile`,
      request: (permit) => setBillingLink(api, runtime.auth, permit, projectId, account),
    },
    { sleep: run.pause, random: runtime.random, nowMs, confirmMs: SHOWS_MS },
    run.lease,
  );
  if (changed.kind === 'gone') return { kind: 'left', why: 'it does not exist any more' };
  if (changed.kind === 'blocked') return { kind: 'left', why: changed.why };
  const on = await poll(run.pause, LINKED_MS, async () => (await link()).enabled);
  if (!on)
    throw new BusyError(`Cannot confirm that billing of "${projectId}" is on: ${account} may be closed`);
  return { kind: changed.kind };
}
