import { ApiError } from '../../http/api-error.ts';
import type { Clock } from '../../clock/clock.ts';
import type { Scenario } from '../../scenario.ts';
import type { BillingSeed } from './seed.ts';

export type BillingAccount = BillingSeed['accounts'][number];

/** A time in which an account paid for a project; an open end means that it still does. */
export interface PaidPeriod {
  /** Account id, without `billingAccounts/`. */
  readonly account: string;
  readonly fromMs: number;
  untilMs: number | undefined;
}

/** Which account pays for which project, now and before. Project ids are ids, never numbers. */
export interface BillingLinks {
  readonly accounts: readonly BillingAccount[];
  /** Throws NOT_FOUND. */
  account(id: string): BillingAccount;
  /** Id of the linked account, also of a closed one; undefined when there is none. */
  accountOf(projectId: string): string | undefined;
  /** Whether someone pays for the project. */
  enabled(projectId: string): boolean;
  /** What a reader of `billingEnabled` is told: `enabled`, late by the scenario's `readDelaySeconds`. */
  readsEnabled(projectId: string): boolean;
  locked(projectId: string): boolean;
  /** Links to another account or, with undefined, to none. Throws FAILED_PRECONDITION for a locked project. */
  change(projectId: string, account: string | undefined): void;
  /** Throws the 403 that Google answers when a service that costs money is requested in a project whose billing is off. */
  requireEnabled(projectId: string, service: string): void;
  paidPeriods(projectId: string): readonly PaidPeriod[];
  /** Called when a project's billing goes off. */
  onDisabled(listener: (projectId: string) => void): void;
}

interface Link {
  account: string | undefined;
  locked: boolean;
  readonly number: string;
  /** Until when the previous value of `enabled` is read, and that value. */
  stale: { readonly untilMs: number; readonly enabled: boolean } | undefined;
  readonly periods: PaidPeriod[];
}

export function createBillingLinks(options: {
  readonly scenario: Scenario;
  readonly clock: Clock;
}): BillingLinks {
  const { scenario, clock } = options;
  const { accounts, readDelaySeconds } = scenario.billing;
  const listeners: ((projectId: string) => void)[] = [];
  const account = (id: string): BillingAccount => {
    const found = accounts.find((known) => known.id === id);
    if (found === undefined)
      throw new ApiError('NOT_FOUND', `Billing account billingAccounts/${id} not found.`);
    return found;
  };
  const isOpen = (id: string | undefined): boolean => id !== undefined && account(id).open;
  const links = new Map(
    scenario.projects.map((project): [string, Link] => {
      const linked =
        project.billingAccount === undefined ? accounts[0]?.id : (project.billingAccount ?? undefined);
      const periods =
        linked !== undefined && isOpen(linked)
          ? [{ account: linked, fromMs: clock.now(), untilMs: undefined }]
          : [];
      return [
        project.id,
        {
          account: linked,
          locked: project.billingLocked,
          number: project.number,
          stale: undefined,
          periods,
        },
      ];
    }),
  );
  const linkOf = (projectId: string): Link => {
    const link = links.get(projectId);
    if (link === undefined) throw new Error(`The sandbox has no project ${projectId}`);
    return link;
  };

  return {
    accounts,
    account,
    accountOf: (projectId) => linkOf(projectId).account,
    enabled: (projectId) => isOpen(linkOf(projectId).account),
    readsEnabled(projectId) {
      const { stale, account: linked } = linkOf(projectId);
      return stale !== undefined && clock.now() < stale.untilMs ? stale.enabled : isOpen(linked);
    },
    locked: (projectId) => linkOf(projectId).locked,
    change(projectId, next) {
      const link = linkOf(projectId);
      if (link.account === next) return;
      if (link.locked)
        throw new ApiError(
          'FAILED_PRECONDITION',
          `The link between project projects/${projectId} and its billing account is locked.`,
        );
      if (next !== undefined) account(next);
      const before = isOpen(link.account);
      const last = link.periods.at(-1);
      if (last !== undefined) last.untilMs ??= clock.now();
      link.account = next;
      if (next !== undefined && isOpen(next))
        link.periods.push({ account: next, fromMs: clock.now(), untilMs: undefined });
      link.stale = { untilMs: clock.now() + readDelaySeconds * 1_000, enabled: before };
      if (before && !isOpen(next)) for (const listener of listeners) listener(projectId);
    },
    requireEnabled(projectId, service) {
      const link = linkOf(projectId);
      if (isOpen(link.account)) return;
      throw new ApiError(
        'PERMISSION_DENIED',
        `This API method requires billing to be enabled. Please enable billing on project #${link.number} by visiting https://console.developers.google.com/billing/enable?project=${link.number} then retry. If you enabled billing for this project recently, wait a few minutes for the action to propagate to our systems and retry.`,
        [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'BILLING_DISABLED',
            domain: 'googleapis.com',
            metadata: {
              consumer: `projects/${link.number}`,
              containerInfo: link.number,
              service: `${service}.googleapis.com`,
            },
          },
        ],
      );
    },
    paidPeriods: (projectId) => linkOf(projectId).periods,
    onDisabled: (listener) => void listeners.push(listener),
  };
}

/** The resource above a billing account or budget, for IAM inheritance. */
export function billingParentOf(scenario: Scenario, resource: string): string | undefined {
  const [, account, inside] = /^billingAccounts\/([^/]+)(\/.+)?$/.exec(resource) ?? [];
  if (account === undefined) return undefined;
  if (inside !== undefined) return `billingAccounts/${account}`;
  const known = scenario.billing.accounts.some(({ id }) => id === account);
  return known && scenario.organization !== undefined
    ? `organizations/${scenario.organization.id}`
    : undefined;
}
