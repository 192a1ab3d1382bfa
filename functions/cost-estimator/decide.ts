import type { Config } from './config.ts';
import { decideEstimate, type Estimate } from './estimate/decide-estimate.ts';
import { decideFit, type Fit } from './fit/decide-fit.ts';
import { oldBooksText, type UsedBook } from '../../shared/prices/age/book-age.ts';

interface Common {
  readonly generatedAt: string;
  readonly books: readonly UsedBook[];
  /** Says which of them are older than 90 days; absent where none is. */
  readonly oldPrices?: string;
}

export type EstimateReport = Common & { readonly kind: 'estimate' } & Estimate;
export type FitReport = Common & { readonly kind: 'fit'; readonly rule: 'seed' | undefined } & Fit;
export type Report = EstimateReport | FitReport;

/** The answer to a question. Pure. */
export function decideReport(books: readonly UsedBook[], config: Config, now: Date): Report {
  const oldPrices = oldBooksText(books);
  const common = {
    generatedAt: now.toISOString(),
    books,
    ...(oldPrices === undefined ? {} : { oldPrices }),
  };
  if (config.kind === 'estimate') return { ...common, kind: 'estimate', ...decideEstimate(config.task, now) };
  return { ...common, kind: 'fit', rule: config.rule, ...decideFit(config.wish) };
}
