import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import {
  axisUsdText,
  bytesScale,
  bytesText,
  countText,
  dayText,
  momentText,
  shareText,
  shortDayText,
  shortUsdText,
  timeText,
  usdRangeFigure,
  usdRangeText,
  usdText,
} from '../../../shared/report/numbers.ts';
import { writeMarkup } from '../../../shared/report/markup.ts';

const table = <Value>(
  name: string,
  write: (value: Value) => string,
  rows: readonly (readonly [Value, string])[],
): void => {
  describe(name, () => {
    for (const [value, wanted] of rows)
      it(`writes ${JSON.stringify(value)} as ${wanted}`, () => {
        assert.equal(write(value), wanted);
      });
  });
};

table('usdText', usdText, [
  [0, '$0.00'],
  [0.0001, '<$0.01'],
  [0.005, '$0.01'],
  [12.345, '$12.35'],
  [1_234_567.8, '$1,234,567.80'],
]);

table('shortUsdText', shortUsdText, [
  [0.001, '<$0.01'],
  [99.99, '$99.99'],
  [99.996, '$100'],
  [1_234.5, '$1,235'],
]);

table('axisUsdText', axisUsdText, [
  [0, '$0'],
  [0.25, '$0.25'],
  [1_500, '$1,500'],
]);

table('usdRangeText', usdRangeText, [
  [{ low: 1, high: 2.5 }, '$1.00 – $2.50'],
  [{ low: 1, high: 1 }, '$1.00'],
  [{ low: 1.001, high: 1.002 }, '$1.00'],
  [{ low: 0, high: 0.001 }, '$0.00 – <$0.01'],
]);

table('bytesText', bytesText, [
  [0, '0 B'],
  [999, '999 B'],
  [1_023, '1,023 B'],
  [1_024, '1.00 KiB'],
  [1_536, '1.50 KiB'],
  [10 * 1_024, '10.0 KiB'],
  [100 * 1_024, '100 KiB'],
  [1_023.4 * 1_024, '1,023 KiB'],
  [1_023.6 * 1_024, '1.00 MiB'],
  [2 ** 40, '1.00 TiB'],
  [5_000 * 2 ** 60, '5,000 EiB'],
]);

table('shareText', shareText, [
  [0, '0%'],
  [0.0001, '<0.1%'],
  [0.1234, '12.3%'],
  [1, '100.0%'],
]);

table('countText', countText, [
  [1_234, '1,234'],
  [4.345238, '4.35'],
  [4.5, '4.5'],
]);

describe('times are written in UTC', () => {
  const late = '2026-11-24T23:54:29+00:00';
  it('as a day, a short day, a time and a moment', () => {
    assert.equal(dayText(late), '24 Nov 2026');
    assert.equal(shortDayText(late), '24 Nov');
    assert.equal(timeText(late), '23:54');
    assert.equal(momentText('2026-11-24T00:05:00+02:00'), '23 Nov 2026, 22:05 UTC');
  });
});

describe('bytesScale', () => {
  it('takes the unit in which the largest is at least 1', () => {
    const { unitBytes, text } = bytesScale(3.7 * 2 ** 40);
    assert.equal(unitBytes, 2 ** 40);
    assert.equal(text(2.5), '2.5 TiB');
    assert.equal(text(0), '0 TiB');
    assert.equal(bytesScale(1_023).unitBytes, 1);
  });
});

describe('usdRangeFigure', () => {
  it('carries both bounds exactly', () => {
    assert.equal(
      writeMarkup(usdRangeFigure({ low: 1.234567, high: 2 })),
      '<span class="range"><data value="1.234567">$1.23</data> – <data value="2">$2.00</data></span>',
    );
    assert.equal(
      writeMarkup(usdRangeFigure({ low: 2, high: 2 })),
      '<span class="range"><data value="2">$2.00</data></span>',
    );
  });
});
