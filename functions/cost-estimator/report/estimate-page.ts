import { percentText } from '../../../shared/units.ts';
import { isPriced } from '../../../shared/prices/price.ts';
import type { Child, Markup } from '../../../shared/report/markup.ts';
import { momentText, usdText } from '../../../shared/report/numbers.ts';
import { headline, label, notice, oldPricesNotice, type Stat } from '../../../shared/report/page-parts.ts';
import { type Html, renderPage } from '../../../shared/report/page.ts';
import { type EstimateReport } from '../decide.ts';
import { resourceBars, wayBars } from './charts.ts';
import { bookTable, lineTable, wayTable } from './tables.ts';
import { estimateForm } from './forms.ts';
import { priceFigure, priceText } from './wording.ts';

/** An estimate as a page for people. */
export function renderEstimate(report: EstimateReport, fields: Readonly<Record<string, unknown>>): Html {
  const { wish, region, generatedAt, chosen } = report;
  return renderPage({
    kind: 'cost estimate',
    title: titleOf(report),
    subtitle: `${wish.spot ? 'Spot' : 'On demand'} in ${region}, ${WHERE[wish.where]}`,
    form: true,
    top: [
      headline(priceFigure(chosen.totals.perRun), aboutOf(report), statsOf(report)),
      ...noticesOf(report),
    ],
    sections: [
      { id: 'resources', title: 'What it is made of', content: [resourceBars(report), lineTable(report)] },
      {
        id: 'ways',
        title: 'Other ways to run it',
        lead: 'The same machines Spot, in other regions and on other clouds. What is billed by the byte is in the Google Cloud bars alone.',
        content: [wayBars(report), wayTable(report)],
      },
      { id: 'form', title: 'Another run', content: [estimateForm(fields)] },
      { id: 'prices', title: 'Price books', content: [bookTable(report)] },
    ],
    footer: `Made at ${momentText(generatedAt)}. The same estimate as JSON or CSV: request format=json or format=csv. What a model needs: /fit.`,
  });
}

const WHERE: Readonly<Record<EstimateReport['wish']['where'], string>> = {
  compute: 'on Compute Engine',
  workbench: 'in Workbench',
  training: 'as Vertex AI training',
  prediction: 'as Vertex AI prediction',
};

function titleOf({ wish }: EstimateReport): string {
  const machines = wish.resources.flatMap((one) =>
    one.kind === 'machine' ? [`${one.count === 1 ? '' : `${one.count} x `}${one.machineType}`] : [],
  );
  return machines.length === 0
    ? 'What storage and egress cost'
    : `What a run on ${machines.join(' and ')} costs`;
}

function aboutOf({ wish, chosen }: EstimateReport): Child {
  const hours = [...new Set(wish.resources.flatMap((one) => ('hours' in one ? [one.hours] : [])))];
  const time = hours.length === 1 ? `a run of ${hours[0] ?? 0} hours` : 'a run';
  const { perRun } = chosen.totals;
  return isPriced(perRun) ? `${time}, at list prices` : [`${time}; not all of it has a price: `, perRun.why];
}

function statsOf({ chosen, sustainedUse, spot, wish }: EstimateReport): readonly Stat[] {
  const { perHour, perDay, perMonth } = chosen.totals;
  return [
    { label: 'An hour', value: priceFigure(perHour) },
    { label: 'A day', value: priceFigure(perDay) },
    {
      label: 'A month of 730 hours',
      value: priceFigure(perMonth),
      ...(sustainedUse === undefined || wish.spot
        ? {}
        : { note: `${priceText(sustainedUse.perMonth)} with sustained use` }),
    },
    ...(wish.spot
      ? []
      : [
          {
            label: 'The run on Spot',
            value: priceFigure(spot.totals.perRun),
            note: spotNote(spot.totals.perRun),
          },
        ]),
  ];
}

function spotNote(price: EstimateReport['spot']['totals']['perRun']): Child {
  return isPriced(price) ? `Spot prices of ${price.asOf}` : label('unpriced', 'warn');
}

function noticesOf(report: EstimateReport): readonly Markup[] {
  const { preempted, notes, oldPrices } = report;
  const again = isPriced(preempted.perRun)
    ? [
        `A Spot machine can be taken away at any time: preempted once, with ${percentText(preempted.restartShare, 0)} of the run done again, Spot costs ${priceText(preempted.perRun, usdText)}.`,
      ]
    : [];
  return [
    ...oldPricesNotice(oldPrices),
    notice('plain', 'How to read these numbers', undefined, [...notes, ...again]),
  ];
}
