import { cents, formatUsdPerHour } from '../../../shared/prices/money.ts';
import { accruedBetween, accruedByKind, rateOf } from '../../../shared/spend/accrued.ts';
import { addBands, scaleBand, sumBands, type Band } from '../../../shared/spend/band.ts';
import type { Ledger, Running } from '../../../shared/spend/ledger.ts';
import { NO_OWNER } from '../../../shared/spend/owners.ts';
import { billingMonthEnd, billingStart } from '../../../shared/spend/pacific.ts';
import { sawAllRegions } from '../../../shared/spend/region-looks.ts';
import type { Config } from '../config.ts';
import { centsOf } from './cents.ts';

const HOUR_MS = 3_600_000;

/** An amount, or that it cannot be told: nothing was seen, and not all was looked at. Never zero for want of a look. */
export type KnownBand = Band | 'unknown';

/** What one project burns, and where that leads at the present rate. USD. */
export interface BurnEvidence {
  readonly burnUsdPerHour: KnownBand;
  /** Resources without a price: they count in `high` alone, up to the policy's bound. */
  readonly unpriced: number;
  readonly todayUsd: KnownBand;
  readonly monthUsd: KnownBand;
  readonly monthByKind: Readonly<Record<string, number>>;
  /** At the end of the calendar month. */
  readonly monthEndUsd: KnownBand;
  /** The first look: what came before it is in none of these. RFC 3339. */
  readonly ledgerSince: string;
  /** By the policy's `notify.ownerLabel`, the most expensive first; absent without it. */
  readonly owners?: Readonly<Record<string, OwnerBurn>>;
}

export interface OwnerBurn {
  readonly burnUsdPerHour: number;
  readonly todayUsd: number;
  readonly monthUsd: number;
  readonly monthEndUsd: number;
  /** Resources without a price, which are in none of these. */
  readonly unpriced: number;
}

/** Three ticks: what runs now is not known from an older look. */
const STALE_MS = 15 * 60_000;

export function isStale({ lookedMs }: Ledger, nowMs: number): boolean {
  return nowMs - lookedMs > STALE_MS;
}

/** Whether what was not seen is not there: no listing failed, every region had its turn, and the look is of now. */
export function sawAll(ledger: Ledger, watched: readonly string[], nowMs: number): boolean {
  return ledger.completeMs === ledger.lookedMs && !isStale(ledger, nowMs) && sawAllRegions(ledger, watched);
}

/** What the ledger says of a moment. Pure. */
export function burnEvidence(
  ledger: Ledger,
  { ownerLabel, regions }: Pick<Config, 'ownerLabel' | 'regions'>,
  nowMs: number,
): BurnEvidence {
  const monthMs = billingStart('month', nowMs);
  const since = (fromMs: number): Band => accruedBetween(ledger, Math.max(fromMs, ledger.sinceMs), nowMs);
  const month = since(monthMs);
  const burn = presentRate(ledger, nowMs);
  const isAll = sawAll(ledger, regions, nowMs);
  const known = (band: Band): KnownBand => (band.high === 0 && !isAll ? 'unknown' : centsOf(band));
  const hoursLeft = (billingMonthEnd(nowMs) - nowMs) / HOUR_MS;
  return {
    burnUsdPerHour: known(burn),
    unpriced: ledger.running.filter(({ unpriced }) => unpriced !== undefined).length,
    todayUsd: known(since(billingStart('day', nowMs))),
    monthUsd: known(month),
    monthByKind: Object.fromEntries(
      Object.entries(accruedByKind(ledger, monthMs)).map(([kind, usd]) => [kind, cents(usd)]),
    ),
    monthEndUsd: known(addBands(month, scaleBand(burn, hoursLeft))),
    ledgerSince: new Date(ledger.sinceMs).toISOString(),
    ...(ownerLabel === undefined ? {} : { owners: ownersOf(ledger, nowMs, hoursLeft) }),
  };
}

/** What runs costs an hour. What was not seen again may be gone, and is in `low` with nothing. */
function presentRate(ledger: Ledger, nowMs: number): Band {
  const { running, lookedMs } = ledger;
  const seen = isStale(ledger, nowMs) ? [] : running.filter(({ seenMs }) => seenMs >= lookedMs);
  return { ...rateOf(ledger), low: sumBands(seen.map(({ rate }) => rate)).low };
}

/** What accrued by the last look, and what runs since at its rate. A day or month that began after that look begins with nothing. */
function ownersOf(
  { running, owners = {}, lookedMs }: Ledger,
  nowMs: number,
  hoursLeft: number,
): Readonly<Record<string, OwnerBurn>> {
  const burn: Record<string, number> = {};
  for (const { owner = NO_OWNER, rate } of running) burn[owner] = (burn[owner] ?? 0) + rate.expected;
  const [dayMs, monthMs] = [billingStart('day', nowMs), billingStart('month', nowMs)];
  const spent = monthMs > lookedMs ? {} : owners;
  const hoursSince = (startMs: number): number => (nowMs - Math.max(lookedMs, startMs)) / HOUR_MS;
  return Object.fromEntries(
    [...new Set([...Object.keys(burn), ...Object.keys(spent)])]
      .map((owner) => {
        const { dayUsd = 0, monthUsd = 0 } = spent[owner] ?? {};
        const rate = burn[owner] ?? 0;
        const month = monthUsd + rate * hoursSince(monthMs);
        const one: OwnerBurn = {
          burnUsdPerHour: cents(rate),
          todayUsd: cents((dayMs > lookedMs ? 0 : dayUsd) + rate * hoursSince(dayMs)),
          monthUsd: cents(month),
          monthEndUsd: cents(month + rate * hoursLeft),
          unpriced: running.filter(
            (each) => each.unpriced !== undefined && (each.owner ?? NO_OWNER) === owner,
          ).length,
        };
        return [owner, one] as const;
      })
      .sort(([a, one], [b, other]) => other.monthEndUsd - one.monthEndUsd || a.localeCompare(b)),
  );
}

/** Something that runs, for people and programs. */
export interface TopResource {
  readonly resource: string;
  readonly kind: string;
  readonly description: string;
  /** `$3.67/h`, `$0.09/h to $0.30/h`, or `unpriced` and why. */
  readonly cost: string;
  readonly usdPerHour: Band;
  /** Null where the API does not tell when it started. */
  readonly runsForHours: number | null;
  /** Since the first look that saw it: it runs for so long at the least. */
  readonly seenForHours: number;
  readonly owner: string | null;
  /** False: the last look could not see it again, or there was none since, so that it may be gone. */
  readonly seenNow: boolean;
}

/** The most expensive of what runs, by what it may cost at the most. Pure. */
export function topResources(
  ledgers: readonly Ledger[],
  nowMs: number,
  most: number,
): readonly TopResource[] {
  return ledgers
    .flatMap((ledger) => {
      const sinceMs = isStale(ledger, nowMs) ? Infinity : ledger.lookedMs;
      return ledger.running.map((one) => ({ one, seenNow: one.seenMs >= sinceMs }));
    })
    .sort(({ one: a }, { one: b }) => b.rate.high - a.rate.high || a.resource.localeCompare(b.resource))
    .slice(0, most)
    .map(({ one, seenNow }) => ({
      resource: one.resource,
      kind: one.kind,
      description: one.description ?? one.kind,
      cost: costText(one),
      usdPerHour: one.rate,
      runsForHours: one.startedMs === undefined ? null : hoursSince(one.startedMs, nowMs),
      seenForHours: hoursSince(one.firstMs ?? one.seenMs, nowMs),
      owner: one.owner ?? null,
      seenNow,
    }));
}

function hoursSince(fromMs: number, nowMs: number): number {
  return Number(((nowMs - fromMs) / HOUR_MS).toFixed(1));
}

function costText({ rate: { low, high }, unpriced }: Running): string {
  if (unpriced !== undefined) {
    const least = low > 0 ? `, at least ${formatUsdPerHour(low)}` : '';
    return `unpriced${least}: ${unpriced}`;
  }
  const [from, to] = [formatUsdPerHour(low), formatUsdPerHour(high)];
  return from === to ? to : `${from} to ${to}`;
}
