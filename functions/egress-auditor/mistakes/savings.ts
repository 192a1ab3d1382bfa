import { addUsd, NO_USD, sumUsd, type UsdPerMonth, type UsdRange } from '../../../shared/prices/money.ts';
import type { Finding, Headline } from '../report/report.ts';

interface Costing {
  readonly id: string;
  readonly usdPerMonth: UsdPerMonth;
}

/** No finding saves more than its lanes cost. */
export function withinItsLanes(finding: Finding, lanes: readonly Costing[]): Finding {
  const { usdPerMonth } = finding;
  const cost = costOfLanes(finding.lanes, lanes);
  if (usdPerMonth === 'unpriced' || cost === undefined) return finding;
  return { ...finding, usdPerMonth: atMost(usdPerMonth, cost.high) };
}

/** Undefined where none of the lanes is known, or one has no price. */
function costOfLanes(ids: readonly string[], lanes: readonly Costing[]): UsdRange | undefined {
  const own = lanes.filter(({ id }) => ids.includes(id));
  const cost = sumUsd(own.map(({ usdPerMonth }) => usdPerMonth));
  return own.length === 0 || cost === 'unpriced' ? undefined : cost;
}

function atMost({ low, high }: UsdRange, limit: number): UsdRange {
  return { low: Math.min(low, limit), high: Math.min(high, limit) };
}

/**
 * What all findings save together. Findings on the same lanes may save the same money: of these the one that saves most counts
 * for the lower bound, and together they never save more than their lanes cost.
 */
export function canBeSaved(
  findings: readonly Finding[],
  lanes: readonly Costing[],
  headline: Pick<Headline, 'usdPerMonth'>,
): Headline['canBeSaved'] {
  let total = NO_USD;
  for (const group of groupByLanes(findings)) {
    const priced = group.flatMap(({ usdPerMonth }) => (usdPerMonth === 'unpriced' ? [] : [usdPerMonth]));
    const limit = costOfLanes(
      group.flatMap((finding) => finding.lanes),
      lanes,
    );
    const sum = priced.reduce(addUsd, NO_USD).high;
    const together = {
      low: Math.max(0, ...priced.map(({ low }) => low)),
      high: Math.min(sum, limit?.high ?? sum),
    };
    total = addUsd(total, together);
  }
  return {
    usdPerMonth: atMost(total, headline.usdPerMonth.high),
    unpriced: findings.filter(({ usdPerMonth }) => usdPerMonth === 'unpriced').length,
  };
}

/** Findings that share a lane, directly or over others. */
function groupByLanes(findings: readonly Finding[]): readonly (readonly Finding[])[] {
  let groups: { readonly lanes: ReadonlySet<string>; readonly findings: readonly Finding[] }[] = [];
  for (const finding of findings) {
    const shares = groups.filter(({ lanes }) => finding.lanes.some((id) => lanes.has(id)));
    groups = [
      ...groups.filter((group) => !shares.includes(group)),
      {
        lanes: new Set([...finding.lanes, ...shares.flatMap(({ lanes }) => [...lanes])]),
        findings: [...shares.flatMap((group) => group.findings), finding],
      },
    ];
  }
  return groups.map((group) => group.findings);
}
