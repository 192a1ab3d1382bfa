import { formatUsdPerHour } from '../../../shared/prices/money.ts';
import type { AnomalyPolicy } from '../../../shared/policy/policy.ts';
import { accruedBetween, rateOf } from '../../../shared/spend/accrued.ts';
import type { Ledger, Running } from '../../../shared/spend/ledger.ts';
import type { IdleGpu } from '../facts.ts';

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;

/** Something unusual, for people. */
export interface Anomaly {
  /** The same for as long as it is the same one. */
  readonly key: string;
  readonly kind: 'burn-rose' | 'idle-gpu' | 'new-kind';
  /** Full name. */
  readonly resource: string;
  readonly owner: string | undefined;
  readonly usdPerHour: number;
  readonly says: string;
}

/** What is unusual after a look; `before` is the ledger before it. Nothing is before a day of looks. Pure. */
export function judgeAnomalies(
  before: Ledger | undefined,
  after: Ledger,
  idle: readonly IdleGpu[],
  policy: AnomalyPolicy,
): readonly Anomaly[] {
  if (before === undefined || after.lookedMs - after.sinceMs < DAY_HOURS * HOUR_MS) return [];
  return [...burnRose(before, after, policy), ...newKinds(before, after, policy), ...idleGpus(after, idle)];
}

function* burnRose(before: Ledger, after: Ledger, policy: AnomalyPolicy): Generator<Anomaly> {
  const { burnFactor, burnAtLeastUsdPerHour } = policy;
  const usual = highestHour(after);
  const bound = Math.max(usual * burnFactor, usual + burnAtLeastUsdPerHour);
  const burn = rateOf(after).expected;
  // In two looks running: what came up and is gone again is no news.
  if (Math.min(burn, rateOf(before).expected) < bound || burn === 0) return;
  const [most] = [...after.running].sort((a, b) => b.rate.expected - a.rate.expected);
  const times = usual > 0 ? `${(burn / usual).toFixed(1)} times` : 'up from';
  yield {
    ...{ key: 'burn', kind: 'burn-rose', resource: `projects/${after.project}`, usdPerHour: burn },
    owner: most?.owner,
    says: `${after.project} burns ${formatUsdPerHour(burn)}, ${times} the ${formatUsdPerHour(usual)} of the highest hour of the day before.${most === undefined ? '' : ` Most of it: ${named(most)}.`}`,
  };
}

/** USD an hour: the highest mean of an hour of the day that ended an hour ago. */
function highestHour(ledger: Ledger): number {
  const { lookedMs } = ledger;
  const hours = Array.from({ length: DAY_HOURS }, (_, index) => lookedMs - (index + 2) * HOUR_MS);
  return Math.max(...hours.map((fromMs) => accruedBetween(ledger, fromMs, fromMs + HOUR_MS).expected));
}

function* newKinds(before: Ledger, after: Ledger, policy: AnomalyPolicy): Generator<Anomaly> {
  const known = new Set([...Object.keys(before.kinds), ...before.running.map(({ kind }) => kind)]);
  for (const [kind, running] of Map.groupBy(after.running, (one) => one.kind)) {
    const usdPerHour = running.reduce((sum, { rate }) => sum + rate.expected, 0);
    // What has no price counts with what it may cost: a suspended VM is no news.
    const mayCost = running.reduce((sum, one) => sum + newsUsd(one), 0);
    if (known.has(kind) || mayCost < policy.newKindAtLeastUsdPerHour) continue;
    const [first] = running;
    if (first === undefined) continue;
    yield {
      ...{ key: `kind ${kind}`, kind: 'new-kind', resource: first.resource, owner: first.owner, usdPerHour },
      says: `${kind} never ran in ${after.project} before: ${named(first)}${running.length > 1 ? `, and ${running.length - 1} more` : ''}.`,
    };
  }
}

function newsUsd({ rate, unpriced }: Running): number {
  return unpriced === undefined ? rate.expected : rate.high;
}

function* idleGpus(after: Ledger, idle: readonly IdleGpu[]): Generator<Anomaly> {
  for (const { resource, why } of idle) {
    const one = after.running.find((running) => running.resource === resource);
    if (one === undefined) continue;
    yield {
      ...{ key: `idle ${resource}`, kind: 'idle-gpu', resource, owner: one.owner },
      usdPerHour: one.rate.expected,
      says: `${named(one)} runs beside no traffic: ${why}.`,
    };
  }
}

function named({ resource, description, rate, unpriced }: Running): string {
  const least = rate.expected > 0 ? `at least ${formatUsdPerHour(rate.low)}` : 'without a price';
  const cost = unpriced === undefined ? formatUsdPerHour(rate.expected) : least;
  return `${resource.replace(/^projects\/[^/]+\//, '')} (${description ?? 'no description'}, ${cost})`;
}
