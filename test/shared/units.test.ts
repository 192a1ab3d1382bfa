import assert from 'node:assert/strict';
import { test } from 'vitest';
import { PermanentError } from '../../shared/errors.ts';
import { parseBytesPerSecond, parseDurationMs } from '../../shared/units.ts';

const durations: readonly [string, number][] = [
  ['0m', 0],
  ['90s', 90_000],
  ['60m', 3_600_000],
  ['12h', 43_200_000],
  ['1d', 86_400_000],
  ['7d', 604_800_000],
  ['999999d', 86_399_913_600_000],
];

test('parseDurationMs reads a whole number with its unit', () => {
  for (const [text, milliseconds] of durations) assert.equal(parseDurationMs(text), milliseconds, text);
});

const noDurations = [
  '',
  '60',
  '60 m',
  ' 60m',
  '60m\n',
  '60M',
  '1.5h',
  '1h30m',
  '-5m',
  '+5m',
  '05m',
  '1e3m',
  '1w',
  'm',
  '1000000d',
  '٦m',
  'PT1H',
];

test('parseDurationMs refuses every other form and says what is right', () => {
  for (const text of noDurations) {
    assert.throws(
      () => parseDurationMs(text),
      (error) =>
        error instanceof PermanentError &&
        error.message.startsWith(`Cannot read the duration "${text}": `) &&
        error.message.includes('such as 90s, 60m, 12h or 7d'),
      JSON.stringify(text),
    );
  }
});

const rates: readonly [string, number][] = [
  ['0B/s', 0],
  ['500B/s', 500],
  ['1KiB/s', 1_024],
  ['20KiB/s', 20_480],
  ['1.5MiB/s', 1_572_864],
  ['0.25KiB/s', 256],
  ['2GiB/s', 2_147_483_648],
];

test('parseBytesPerSecond reads a number with its unit', () => {
  for (const [text, bytesPerSecond] of rates) assert.equal(parseBytesPerSecond(text), bytesPerSecond, text);
});

const noRates = [
  '',
  '20480',
  '20KB/s',
  '20kB/s',
  '20kib/s',
  '20KiB',
  '20KiB/m',
  '20 KiB/s',
  '20KiB/s ',
  '.5MiB/s',
  '5.MiB/s',
  '-1B/s',
  '1e3B/s',
  '1,5MiB/s',
  '20Kbit/s',
  '020B/s',
];

test('parseBytesPerSecond refuses every other form and says what is right', () => {
  for (const text of noRates) {
    assert.throws(
      () => parseBytesPerSecond(text),
      (error) =>
        error instanceof PermanentError &&
        error.message.startsWith(`Cannot read the data rate "${text}": `) &&
        error.message.includes('such as 20KiB/s or 1.5MiB/s'),
      JSON.stringify(text),
    );
  }
});
