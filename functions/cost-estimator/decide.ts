import type { Config } from './config.ts';
import { decideEstimate, type Estimate } from './estimate/decide-estimate.ts';
import { decideFit, type Fit } from './fit/decide-fit.ts';
import type { UsedBook } from './gather.ts';

interface Common {
  readonly generatedAt: string;
  readonly books: readonly UsedBook[];
}

export type EstimateReport = Common & { readonly kind: 'estimate' } & Estimate;
export type FitReport = Common & { readonly kind: 'fit'; readonly rule: 'seed' | undefined } & Fit;
export type Report = EstimateReport | FitReport;

/** The answer to a question. Pure. */
export function decideReport(books: readonly UsedBook[], config: Config, now: Date): Report {
  const common = { generatedAt: now.toISOString(), books };
  if (config.kind === 'estimate') return { ...common, kind: 'estimate', ...decideEstimate(config.task, now) };
  return { ...common, kind: 'fit', rule: config.rule, ...decideFit(config.wish) };
}

/** One line on books that are older than 90 days; undefined where none is. */
export function ageWarning({ books }: Common): string | undefined {
  const old = books.filter((book) => book.old).map(({ book, asOf }) => `${book} (${asOf})`);
  return old.length === 0
    ? undefined
    : `Price books older than 90 days: ${old.join(', ')}. npm run prices -- --refresh makes them anew.`;
}
