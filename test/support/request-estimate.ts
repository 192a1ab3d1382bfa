import { configure, readRequest } from '../../functions/cost-estimator/config.ts';
import {
  decideReport,
  type EstimateReport,
  type FitReport,
  type Report,
} from '../../functions/cost-estimator/decide.ts';
import { gatherBooks } from '../../functions/cost-estimator/gather.ts';
import { isPriced, type Price } from '../../shared/prices/price.ts';

export const NOW = new Date('2026-11-26T12:00:00Z');

type Query = Readonly<Record<string, unknown>>;

/** The function without HTTP, from the request to the report. */
export function answer(path: string, query: Query, body?: unknown, now = NOW): Report {
  const method = body === undefined ? 'GET' : 'POST';
  const wanted = readRequest({ method, path, query, body, accept: 'application/json' });
  return decideReport(gatherBooks(now), configure(wanted, 'us-central1'), now);
}

export function estimate(query: Query, body?: unknown, now = NOW): EstimateReport {
  const report = answer('/', query, body, now);
  if (report.kind !== 'estimate') throw new Error('no estimate');
  return report;
}

export function fit(query: Query): FitReport {
  const report = answer('/fit', query);
  if (report.kind !== 'fit') throw new Error('no fit');
  return report;
}

/** A price that is one number. */
export function usd(price: Price): number {
  if (!isPriced(price)) throw new Error(`unpriced: ${price.why}`);
  if (price.usd.low !== price.usd.high) throw new Error(`a range: ${price.usd.low} to ${price.usd.high}`);
  return price.usd.high;
}
