import { isPriced, sumPrices, timesPrice, type Price } from '../../../shared/prices/price.ts';
import { HOURS_PER_MONTH } from '../../../shared/prices/quantities.ts';
import { sustainedUseShare } from '../../../shared/prices/planning/sustained-use.ts';
import { linesOf, transferLine, type Line, type Resource, type Setting } from './lines.ts';
import type { EstimateWish } from './wish.ts';

export interface Totals {
  /** Without what is billed by the byte. */
  readonly perHour: Price;
  readonly perRun: Price;
  readonly perDay: Price;
  readonly perMonth: Price;
}

/** The run in one region, bought one way. */
export interface Option {
  readonly region: string;
  readonly usage: Setting['usage'];
  readonly lines: readonly Line[];
  readonly totals: Totals;
}

const NOTHING: Price = {
  usd: { low: 0, high: 0 },
  source: '',
  asOf: '9999-12-31',
  mark: 'verified',
  note: undefined,
};

const total = (prices: readonly Price[]): Price => {
  const [first, ...rest] = prices;
  return first === undefined ? NOTHING : sumPrices([first, ...rest]);
};

/** Every line of a run and what they add up to. */
export function optionOf(
  resources: readonly Resource[],
  data: EstimateWish['data'],
  setting: Setting,
): Option {
  const lines = [
    ...resources.flatMap((resource) => linesOf(resource, setting)),
    ...(data === undefined ? [] : [transferLine(data, setting.region)]),
  ];
  return {
    region: setting.region,
    usage: setting.usage,
    lines,
    totals: {
      perHour: total(lines.flatMap(({ perHour }) => perHour ?? [])),
      perRun: total(lines.map(({ perRun }) => perRun)),
      perDay: total(lines.map(({ perDay }) => perDay)),
      perMonth: total(lines.map(({ perMonth }) => perMonth)),
    },
  };
}

/** What sustained use takes off a run and a whole month; undefined where nothing gets it. */
export interface SustainedUse {
  readonly perRun: Price;
  readonly perMonth: Price;
  readonly note: string;
}

/** The totals after sustained use discounts, which Google takes off by itself: machines on Compute Engine, on demand. */
export function sustainedUse(
  { lines, totals }: Option,
  resources: readonly Resource[],
): SustainedUse | undefined {
  const familyOf = new Map(
    resources.flatMap(({ wish, configuration }) =>
      configuration === undefined ? [] : [[wish.name, configuration.family] as const],
    ),
  );
  const share = ({ resource, kind }: Line, hours: number): number =>
    kind === 'machine' || kind === 'gpu' ? sustainedUseShare(familyOf.get(resource) ?? '', hours) : 1;
  if (lines.every((line) => share(line, HOURS_PER_MONTH) === 1)) return undefined;
  const perRun = total(
    lines.map((line) => timesPrice(line.perRun, line.hours === undefined ? 1 : share(line, line.hours))),
  );
  const perMonth = total(lines.map((line) => timesPrice(line.perMonth, share(line, HOURS_PER_MONTH))));
  if (!isPriced(totals.perRun)) return undefined;
  return {
    perRun,
    perMonth,
    note: 'n1 and the GPUs attached to it up to 30 % a month, n2, n2d and c2 up to 20 %; from the second quarter of a month on, taken off by Google itself',
  };
}
