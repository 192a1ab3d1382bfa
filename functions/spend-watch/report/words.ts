import { dayText, usdRangeText, usdText } from '../../../shared/report/numbers.ts';
import { isSpentKnown, type Band, type OpenBand } from '../../../shared/spend/band.ts';
import { billingStart } from '../../../shared/spend/pacific.ts';
import { percentText } from '../../../shared/units.ts';
import { regionsText } from './regions-text.ts';
import { isPartlyKnown, type BurnReport, type ProjectBurn, type ScopeBurn } from './report.ts';

/** What stands before an amount: of what may be gone no amount holds at the least. */
export function hedge({ partial, mayBeLess }: Pick<ScopeBurn, 'partial' | 'mayBeLess'>): string {
  if (mayBeLess) return 'about ';
  return partial ? 'at least ' : '';
}

/** The same of one project. */
export function projectHedge(one: ProjectBurn): string {
  return hedge({ partial: isPartlyKnown(one), mayBeLess: one.notSeenAgain > 0 });
}

/** The same of an owner, some of whose resources may have no price. */
export function ownerHedge(total: Pick<ScopeBurn, 'partial' | 'mayBeLess'>, unpriced: number): string {
  return hedge({ ...total, partial: total.partial || unpriced > 0 });
}

/** From the least to the most. Where not all was looked at there may be more. */
export function rangeText(band: Band, { partial }: Pick<ScopeBurn, 'partial'>): string {
  if (!partial) return usdRangeText(band);
  return band.low > 0 ? `${usdText(band.low)} or more` : 'not known';
}

/** From the least to the most that a budget has spent; without an upper point, and why, where there may be more. */
export function spendRangeText({ low, high }: OpenBand, partialWhy: string): string {
  return high === null ? `${usdText(low)} or more, for ${partialWhy}` : usdRangeText({ low, high });
}

/** What a budget has spent, expected, with its share of the amount. */
export function spentText(spend: OpenBand, share: number, amount: number): string {
  return isSpentKnown(spend)
    ? `${usdText(spend.expected)}, ${percentText(share, 0)} of ${usdText(amount)}`
    : `unknown, of ${usdText(amount)}`;
}

/** Where nothing is in the list of what runs. */
export function nothingRuns({ projects, total }: Pick<BurnReport, 'projects' | 'total'>): string {
  if (projects.length === 0) return 'What runs is not known.';
  if (total.partial) return 'Nothing that bills by the hour was seen; not all could be looked at.';
  return regionsText(projects) === undefined
    ? 'Nothing runs of what is looked at.'
    : 'Nothing that bills by the hour was seen; some regions were looked at earlier.';
}

/** The day since which a project is counted, where that is later than the month's beginning: what came before is in no number. */
export function countedSince({
  ledgerSince,
  lookedAt,
}: Pick<ProjectBurn, 'ledgerSince' | 'lookedAt'>): string | undefined {
  return Date.parse(ledgerSince) > billingStart('month', Date.parse(lookedAt))
    ? dayText(ledgerSince)
    : undefined;
}

/** Why an amount is unknown. */
export function whyUnknown({ projects }: Pick<BurnReport, 'projects'>): string {
  return projects.length === 0 ? 'no look is known' : 'no look has seen all';
}

/** Where nothing is in the list of changes. */
export function nothingChanged({ projects, total }: Pick<BurnReport, 'projects' | 'total'>): string {
  if (projects.length === 0) return 'What changed is not known.';
  if (total.partial) return 'No change was seen; not all could be looked at.';
  return regionsText(projects) === undefined
    ? 'Nothing appeared, and nothing is gone.'
    : 'No change was seen; some regions were looked at earlier.';
}
