import type { OpenBand } from '../../../shared/spend/band.ts';
import { estimateSpend } from '../../../shared/spend/estimate.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';
import type { BudgetMessages } from '../../../shared/spend/messages.ts';
import { readReports } from '../../../shared/spend/reading.ts';
import type { StandingOptions } from '../../../shared/spend/standing.ts';
import { openCentsOf } from '../evidence/cents.ts';

/** What was spent by a moment, as it was estimated then. */
export interface SpendSample extends OpenBand {
  /** RFC 3339. */
  readonly at: string;
}

/** Each takes a fit of all ledgers. */
const MAX_FITS = 400;
const MAX_SAMPLES = 40;
const MIN_SAMPLES = 8;

export interface LineOptions extends StandingOptions {
  readonly nowMs: number;
  /** Samples at the most. */
  readonly most?: number;
}

/** The estimates of the period up to now, each with the reports that had come by then. Pure. */
export function spendLine(
  ledgers: readonly Ledger[],
  messages: BudgetMessages,
  { nowMs, discountAtMost, regions, most = MAX_SAMPLES }: LineOptions,
): readonly SpendSample[] {
  const { period } = messages;
  const fromMs = Math.max(period.startMs, ...ledgers.map(({ sinceMs }) => sinceMs));
  if (fromMs >= nowMs) return [];
  const count = Math.max(MIN_SAMPLES, Math.min(MAX_SAMPLES, most, Math.floor(MAX_FITS / ledgers.length)));
  return Array.from({ length: count }, (_, index) => fromMs + ((nowMs - fromMs) * (index + 1)) / count).map(
    (atMs) => {
      const points = period.points.filter((point) => point.atMs <= atMs);
      // Which messages repeated an earlier figure is not kept.
      const lastMs = messages.lastMs <= atMs ? messages.lastMs : (points.at(-1)?.atMs ?? period.startMs);
      const known = { ...messages, lastMs, period: { ...period, points } };
      const reading = readReports(ledgers, known, period.startMs, discountAtMost);
      const { spend } = estimateSpend(ledgers, reading, atMs, regions);
      return { at: new Date(atMs).toISOString(), ...openCentsOf(spend) };
    },
  );
}
