import type { Clock } from './clock.ts';
import { seededRandom } from '../http/faults.ts';
import type { Fleet } from '../services/compute/fleet.ts';
import { textOf, type Message } from '../http/proto-service.ts';
import type { Scenario } from '../scenario.ts';
import { budgetNotification, periodOf, type Notification } from '../services/billing/notification.ts';
import type { BillingService } from '../services/billing/service.ts';
import { createSpend } from '../services/billing/spend.ts';
import type { Projects } from '../services/resource-manager/projects.ts';
import type { NewMessage } from '../services/pubsub/message.ts';
import type { Vertex } from '../services/vertex/state.ts';

/** Lets money be spent by what runs, and tells the budgets' topics about it every 20 to 30 minutes, as Cloud Billing does. */
export interface BillingClock {
  /** Month to date in USD, not rounded, without the reporting lag; with what the scenario says was spent before. */
  spendOf(projectId: string): number;
  /** What the project costs an hour just now, as far as there are prices. */
  usdPerHour(projectId: string): number;
  /** Machines that have no price and therefore cost nothing here: name and why. */
  unpriced(projectId: string): readonly string[];
  /** What the budget's next message would say. Throws NOT_FOUND. */
  statusOf(budgetName: string): Notification;
  /** Publishes the budget's present status at once, exactly one message. Throws NOT_FOUND. */
  emitNow(budgetName: string): Notification;
  /** All that was published, oldest first. */
  readonly published: readonly Published[];
}

export interface Published {
  readonly atMs: number;
  readonly budget: string;
  readonly topic: string;
  readonly notification: Notification;
  /** False where the topic is gone: Cloud Billing says nothing about that. */
  readonly delivered: boolean;
}

export interface BillingClockOptions {
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly vertex: Vertex;
  readonly billing: Pick<BillingService, 'links' | 'budgets'>;
  readonly projects: Projects;
  /** Throws when there is no such topic. */
  readonly publish: (topic: string, message: NewMessage) => void;
  /** Lag, shares and seed, and what was spent before the clock's start. */
  readonly scenario: Scenario;
}

const MINUTE_MS = 60_000;
/** Messages of a budget follow each other after this many minutes. */
const PAUSE_MINUTES = { least: 20, most: 30 };

export function createBillingClock(options: BillingClockOptions): BillingClock {
  const { clock, projects, scenario } = options;
  const { links, budgets } = options.billing;
  const { notificationLagMinutes, duplicateProbability, reorderProbability, seed } = scenario.billing;
  const startMs = clock.now();
  const random = seededRandom(seed);
  const spend = createSpend({ ...options, links, projects: scenario.projects });
  const published: Published[] = [];

  /** What was spent before the clock started counts in the periods that ran then. */
  const before = (usd: number, fromMs: number, untilMs: number): number =>
    fromMs <= startMs && untilMs >= startMs ? usd : 0;

  const costOf = (budget: Message, fromMs: number, untilMs: number): number => {
    const name = String(budget['name']);
    const account = /^billingAccounts\/([^/]+)/.exec(name)?.[1] ?? '';
    const seeded = scenario.billing.budgets.find((known) => known.name === name)?.spentUsd ?? 0;
    const accounts = accountsOf(budget, account);
    return projectsOf(budget, accounts).reduce(
      (sum, projectId) =>
        sum +
        spend.between(projectId, fromMs, untilMs, accounts) +
        before(projects.get(projectId).seed.spentUsd, fromMs, untilMs),
      before(seeded, fromMs, untilMs),
    );
  };

  /** Ids: the subaccounts that the filter names; without any the budget's own account and all of its subaccounts. */
  const accountsOf = (budget: Message, account: string): readonly string[] => {
    const filter = (budget['budgetFilter'] ?? {}) as Message;
    const named = (filter['subaccounts'] ?? []) as readonly string[];
    if (named.length > 0) return named.map((name) => name.replace('billingAccounts/', ''));
    return [
      account,
      ...links.accounts.filter(({ masterAccount }) => masterAccount === account).map(({ id }) => id),
    ];
  };

  /** By project or ancestor; services and labels of a filter narrow nothing down here. */
  const projectsOf = (budget: Message, accounts: readonly string[]): readonly string[] => {
    const filter = (budget['budgetFilter'] ?? {}) as Message;
    const named = (filter['projects'] ?? []) as readonly string[];
    const above = (filter['resourceAncestors'] ?? []) as readonly string[];
    const isBelow = (resource: string | undefined): boolean =>
      resource !== undefined && (above.includes(resource) || isBelow(projects.parentOf(resource)));
    return projects.all
      .filter(({ id, number }) =>
        named.length === 0 && above.length === 0
          ? links.paidPeriods(id).some((period) => accounts.includes(period.account))
          : named.includes(`projects/${number}`) || isBelow(projects.parentOf(`projects/${id}`)),
      )
      .map(({ id }) => id);
  };

  const statusOf = (budgetName: string): Notification => {
    const budget = budgets.get(budgetName);
    // Before the clock started nothing is known: the lag does not reach further back.
    const atMs = Math.max(clock.now() - notificationLagMinutes * MINUTE_MS, startMs);
    const { startMs: from, previousStartMs } = periodOf(budget, atMs);
    return budgetNotification(budget, {
      atMs,
      costUsd: costOf(budget, from, atMs),
      previousUsd: previousStartMs === undefined ? 0 : costOf(budget, previousStartMs, from - 1),
      currencyCode: links.account(/^billingAccounts\/([^/]+)/.exec(budgetName)?.[1] ?? '').currencyCode,
    });
  };

  const publish = (budget: string, notification: Notification): void => {
    const rule = (budgets.get(budget)['notificationsRule'] ?? {}) as Message;
    const topic = textOf(rule['pubsubTopic']);
    if (topic === '') return;
    const data = Buffer.from(JSON.stringify(notification.data)).toString('base64');
    let delivered = true;
    try {
      options.publish(topic, { data, attributes: notification.attributes });
    } catch {
      delivered = false;
    }
    published.push({ atMs: clock.now(), budget, topic, notification, delivered });
  };

  const watch = (budget: string): void => {
    let held: Notification | undefined;
    const next = (): void => {
      const { least, most } = PAUSE_MINUTES;
      clock.after((least + random() * (most - least)) * MINUTE_MS, () => {
        if (!budgets.all().some((known) => known['name'] === budget)) return;
        const status = statusOf(budget);
        if (held === undefined && random() < reorderProbability) held = status;
        else {
          publish(budget, status);
          if (random() < duplicateProbability) publish(budget, status);
          if (held !== undefined) publish(budget, held);
          held = undefined;
        }
        next();
      });
    };
    next();
  };
  budgets.onCreated(watch);

  return {
    spendOf(projectId) {
      const now = clock.now();
      const { startMs: from } = periodOf({}, now);
      return spend.between(projectId, from, now) + before(projects.get(projectId).seed.spentUsd, from, now);
    },
    usdPerHour: (projectId) => spend.usdPerHour(projectId),
    unpriced: (projectId) => spend.unpriced(projectId),
    statusOf,
    emitNow(budget) {
      const status = statusOf(budget);
      publish(budget, status);
      return status;
    },
    published,
  };
}
