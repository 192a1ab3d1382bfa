import type { Bucket } from '../../../shared/google/buckets.ts';
import { weakest, type Mark } from '../../../shared/prices/mark.ts';
import { exactly, shareOf, type Forecast, type Horizon } from './forecast.ts';
import type { RuleChange } from './objects.ts';
import type { ReadRule } from '../rules/condition.ts';
import { coldness } from '../rules/storage-class.ts';
import { addedRules, reachOf, rulesInPlay, viewOf, type View } from './reach.ts';
import { isTouched, onceBounds } from './once.ts';
import { atRestPrice } from '../../../shared/prices/storage-prices.ts';
import { objectBytes, objectCells, type Cell, type Usage } from './usage.ts';
import { GIB } from '../../../shared/prices/quantities.ts';
import type { Range } from '../../../shared/units.ts';

/**
 * The bounds that metrics allow: they tell how much there is by class and state, but neither ages nor names. No object is
 * older than its bucket, and none is younger than the days looked ahead. Undefined when they say nothing that helps.
 */
export function forecastMetrics(
  bucket: Bucket,
  rules: RuleChange,
  usage: Usage,
  now: Date,
): Forecast | undefined {
  if (usage.kind !== 'measured') return withoutMetrics(bucket, rules, now);
  const cells = objectCells(usage.cells);
  const total = objectBytes(usage.cells);
  const at = (days: number): Horizon & { readonly mark: Mark } => {
    const view = viewOf(bucket, rules, now, days);
    const sum = sumCells(cells.map((cell) => forecastCell(cell, rules, view)));
    return {
      ...sum,
      savesUsdPerMonth: addKnown(sum.savesUsdPerMonth, abortSavings(bucket, rules, usage, now, days)),
    };
  };
  const [day, month, year] = [at(1), at(30), at(365)];
  return {
    source: 'metrics',
    notes: ['metrics tell neither ages nor names: these are bounds'],
    totalBytes: exactly(total),
    deletedShare: shareOf(day.deletedBytes, exactly(total)),
    horizons: { day, month, year },
    mark: weakest(day.mark, month.mark, year.mark),
    emptyPrefixes: [],
    emptySuffixes: [],
  };
}

/**
 * Less paid for unfinished uploads, which no listing of objects shows; undefined without a price. Without metrics no one
 * knows how much there is.
 */
export function abortSavings(
  bucket: Bucket,
  rules: RuleChange,
  usage: Usage,
  now: Date,
  days: number,
): Range | undefined {
  const aborts = (all: readonly ReadRule[]): readonly ReadRule[] =>
    all.filter(({ type }) => type === 'AbortIncompleteMultipartUpload');
  const added = aborts(addedRules(rules));
  if (added.length === 0) return exactly(0);
  if (usage.kind !== 'measured') return { low: 0, high: Infinity };
  const view = viewOf(bucket, rules, now, days);
  return usage.cells
    .filter(({ type }) => type === 'multipart-upload')
    .map((cell): Range | undefined => {
      const price = atRestPrice(bucket, cell.storageClass);
      if (price === undefined) return undefined;
      const usd = (cell.bytes / GIB) * price.usd;
      const reaches = added.map((rule) => reachOf(rule, cell, view));
      const before = aborts(rules.before).some((rule) => reachOf(rule, cell, view) !== 'none');
      return {
        low: reaches.includes('all') && !before ? usd : 0,
        high: reaches.some((reach) => reach !== 'none') ? usd : 0,
      };
    })
    .reduce(addKnown, exactly(0));
}

/** All that is certain of a bucket without metrics: what its rules cannot reach because it is too young. */
function withoutMetrics(bucket: Bucket, rules: RuleChange, now: Date): Forecast | undefined {
  const view = viewOf(bucket, rules, now, 1);
  const deletes = rulesInPlay(rules).filter(({ type }) => type === 'Delete');
  if (deletes.some((rule) => reachOf(rule, undefined, view) !== 'none')) return undefined;
  const unknown: Horizon = {
    deletedBytes: { low: 0, high: Infinity },
    deletedObjects: { low: 0, high: Infinity },
    movedBytes: {},
    savesUsdPerMonth: undefined,
    costsUsdOnce: undefined,
  };
  return {
    source: 'metrics',
    notes: ['no metrics: the bucket is empty, or was filled since yesterday'],
    totalBytes: { low: 0, high: Infinity },
    deletedShare: exactly(0),
    horizons: {
      day: { ...unknown, deletedBytes: exactly(0), deletedObjects: exactly(0) },
      month: unknown,
      year: unknown,
    },
    mark: 'verified',
    emptyPrefixes: [],
    emptySuffixes: [],
  };
}

interface CellForecast {
  readonly deletedBytes: Range;
  readonly deletedObjects: Range;
  readonly movedBytes: Readonly<Record<string, Range>>;
  readonly savesUsdPerMonth: Range | undefined;
  readonly costsUsdOnce: Range | undefined;
  readonly mark: Mark;
}

function forecastCell(cell: Cell, rules: RuleChange, view: View): CellForecast {
  const before = endsOf(cell, rules.before, view);
  const after = endsOf(cell, rules.after, view);
  const added = endsOf(cell, rulesInPlay(rules), view);
  const { bytes, count } = cell;
  const deletes: Range = {
    low: after.stays.length === 0 && !before.deletes ? 1 : 0,
    high: added.deletes ? 1 : 0,
  };
  const targets = added.stays.filter((to) => to !== cell.storageClass);
  const moved = targets.map((to): [string, Range] => {
    const certain = after.stays.length === 1 && !after.deletes && before.stays.every((from) => from !== to);
    return [to, { low: certain ? bytes : 0, high: bytes }];
  });
  return {
    deletedBytes: { low: deletes.low * bytes, high: deletes.high * bytes },
    deletedObjects: { low: deletes.low * (count ?? 0), high: deletes.high === 0 ? 0 : (count ?? Infinity) },
    movedBytes: Object.fromEntries(moved),
    ...moneyOf(cell, { before, after, touched: isTouched(cell, rules, view) }, view),
    costsUsdOnce: onceBounds(cell, rules, view),
  };
}

/** How a cell's objects may end: in one of these classes, or deleted. No class at all: certainly deleted. */
interface Ends {
  readonly stays: readonly string[];
  readonly deletes: boolean;
  /** All classes that they may have on the way. */
  readonly through: readonly string[];
}

function endsOf(cell: Cell, rules: readonly ReadRule[], view: View): Ends {
  const reached = rules
    .map((rule) => ({ rule, reach: reachOf(rule, cell, view) }))
    .filter(({ reach }) => reach !== 'none');
  const deletes = reached.filter(({ rule }) => rule.type === 'Delete');
  // A hold or a retention may keep an object, and in a versioned bucket a live one becomes noncurrent first.
  const sure =
    view.bucket.retention === undefined &&
    !view.bucket.defaultHold &&
    !view.bucket.objectRetention &&
    !(view.bucket.versioned && cell.type !== 'noncurrent-object');
  const moves = reached.filter(({ rule }) => rule.type === 'SetStorageClass');
  const through = [...new Set([cell.storageClass, ...moves.map(({ rule }) => rule.to)])];
  if (sure && deletes.some(({ reach }) => reach === 'all')) return { stays: [], deletes: true, through };
  const certain = moves.filter(({ reach }) => reach === 'all').map(({ rule }) => rule.to);
  const base = [cell.storageClass, ...certain].reduce((cold, to) => (rank(to) > rank(cold) ? to : cold));
  const colder = moves.map(({ rule }) => rule.to).filter((to) => rank(to) > rank(base));
  return { stays: [...new Set([base, ...colder])], deletes: deletes.length > 0, through };
}

function rank(storageClass: string): number {
  return coldness(storageClass) ?? -1;
}

function moneyOf(
  cell: Cell,
  { before, after, touched }: { readonly before: Ends; readonly after: Ends; readonly touched: boolean },
  { bucket, adding }: View,
): Pick<CellForecast, 'savesUsdPerMonth' | 'mark'> {
  const classes = [...new Set([...before.through, ...after.through])];
  const prices = classes.map((one) => atRestPrice(bucket, one));
  const mark = weakest(...prices.flatMap((price) => (price === undefined ? [] : [price.mark])));
  // What is softly deleted is still billed, as it is for all of the first day.
  const softDays = (bucket.softDeleteSeconds ?? 0) / 86_400;
  const costs = (ends: Ends): readonly number[] => [
    ...ends.stays.map((one) => atRestPrice(bucket, one)?.usd ?? 0),
    ...(ends.deletes ? [0] : []),
    ...(ends.deletes && softDays > 0 ? ends.through.map((one) => atRestPrice(bucket, one)?.usd ?? 0) : []),
  ];
  const gib = cell.bytes / GIB;
  const [was, becomes] = [costs(before), costs(after)];
  const least = (Math.min(...was) - Math.max(...becomes)) * gib;
  const most = (Math.max(...was) - Math.min(...becomes)) * gib;
  return {
    mark,
    savesUsdPerMonth: !touched
      ? exactly(0)
      : prices.includes(undefined)
        ? undefined
        : { low: adding ? Math.max(0, least) : least, high: most },
  };
}

function sumCells(cells: readonly CellForecast[]): Horizon & { readonly mark: Mark } {
  const moved: Record<string, Range> = {};
  for (const cell of cells)
    for (const [to, span] of Object.entries(cell.movedBytes)) moved[to] = add(moved[to] ?? exactly(0), span);
  return {
    deletedBytes: cells.map((cell) => cell.deletedBytes).reduce(add, exactly(0)),
    deletedObjects: cells.map((cell) => cell.deletedObjects).reduce(add, exactly(0)),
    movedBytes: moved,
    savesUsdPerMonth: cells.map((cell) => cell.savesUsdPerMonth).reduce(addKnown, exactly(0)),
    costsUsdOnce: cells.map((cell) => cell.costsUsdOnce).reduce(addKnown, exactly(0)),
    mark: weakest(...cells.map(({ mark }) => mark)),
  };
}

function add(one: Range, other: Range): Range {
  return { low: one.low + other.low, high: one.high + other.high };
}

/** Undefined, for unpriced, when one of the two is. */
export function addKnown(one: Range | undefined, other: Range | undefined): Range | undefined {
  return one === undefined || other === undefined ? undefined : add(one, other);
}
