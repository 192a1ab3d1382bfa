import type { Child, Markup } from '../../../shared/report/markup.ts';
import {
  bytesText,
  countText,
  figure,
  usdRangeFigure,
  usdRangeText,
} from '../../../shared/report/numbers.ts';
import { headline, label, notice } from '../../../shared/report/page-parts.ts';
import type { EgressReport } from './report.ts';

export function topOf(report: EgressReport): readonly Markup[] {
  const { headline: sums, incomplete, window, lanes, findings } = report;
  return [
    headline(amountOf(report), aboutAmount(report), [
      {
        label: 'Traffic a month',
        value: figure(sums.monthlyBytes, bytesText(sums.monthlyBytes)),
        note: [figure(sums.bytes, bytesText(sums.bytes)), ` metered in ${countText(window.hours)} h`],
      },
      {
        label: 'The period before',
        value: sums.previousUsdPerMonth === null ? 'not kept' : usdRangeFigure(sums.previousUsdPerMonth),
        note:
          sums.previousUsdPerMonth === null
            ? 'metrics go back six weeks'
            : `a month, by the ${window.requested} before`,
      },
      {
        label: 'Lanes',
        value: figure(lanes.length, countText(lanes.length)),
        note:
          sums.unpriced.lanes === 0
            ? 'all of them priced'
            : label(`${countText(sums.unpriced.lanes)} unpriced`, 'warn'),
      },
      {
        label: 'Can be saved',
        value: savedOf(sums),
        note: [
          'a month, by ',
          figure(findings.length, countText(findings.length)),
          ` ${findings.length === 1 ? 'finding' : 'findings'}; the same money counts once`,
        ],
      },
    ]),
    ...(incomplete.length === 0
      ? []
      : [
          notice(
            'warn',
            'This report is partial',
            `${incomplete.length === 1 ? 'One part' : `${incomplete.length} parts`} could not be read. What is missing is not in any number below: the true traffic and cost are higher than shown, or equal.`,
            incomplete.map(({ where, why }) => `${where}: ${why}`),
          ),
        ]),
  ];
}

function savedOf({ canBeSaved: { usdPerMonth, unpriced } }: EgressReport['headline']): Child {
  return usdPerMonth.high === 0 && unpriced > 0 ? 'unpriced' : usdRangeFigure(usdPerMonth);
}

/** What the headline says; a sum that knows nothing is not written as zero dollars. */
function amountOf({ headline: { usdPerMonth, unpriced }, lanes, incomplete }: EgressReport): Child {
  if (usdPerMonth.high === 0 && unpriced.lanes > 0) return 'unpriced';
  if (lanes.length === 0 && incomplete.length > 0) return 'unknown';
  return usdRangeFigure(usdPerMonth);
}

function aboutAmount(report: EgressReport): Child {
  const { window, lanes, incomplete, headline: sums } = report;
  if (lanes.length === 0)
    return incomplete.length > 0
      ? 'No traffic could be read.'
      : `No traffic was metered in the ${window.requested} of this report.`;
  const left =
    sums.unpriced.lanes === 0
      ? ''
      : ` ${sums.unpriced.lanes === 1 ? 'One lane has' : `${sums.unpriced.lanes} lanes have`} no price and ${sums.unpriced.lanes === 1 ? 'is' : 'are'} not in it: ${bytesText(sums.unpriced.monthlyBytes)} a month.`;
  const { low, high } = sums.likelyUsdPerMonth;
  const likely =
    low === sums.usdPerMonth.low && high === sums.usdPerMonth.high
      ? ''
      : ` Likely ${usdRangeText(sums.likelyUsdPerMonth)}, where the readers that fit are the ones.`;
  return `a month at list prices, projected from ${window.requested} (× ${countText(window.monthFactor)}).${likely}${left}`;
}
