import { expect, it, vi } from 'vitest';
import { tellLiveStory } from './live-story.ts';

it('the story of the live basis: a runaway is stopped while the messages still say 40 %, and nothing is unlinked', async () => {
  const lines: string[] = [];
  const log = vi
    .spyOn(console, 'log')
    .mockImplementation((text: string) => void lines.push(...text.split('\n')));
  const story = await tellLiveStory().finally(() => {
    log.mockRestore();
  });
  expect(story.reportedShare).toBeLessThan(0.4);
  expect(story.trueShare).toBeGreaterThan(1);
  // One look and one tick of 709 dollars an hour are six percent of the budget.
  expect(story.trueShare).toBeLessThan(1.07);
  expect(story.aheadMinutes).toBeGreaterThan(60);
  expect(story.stopped.filter((name) => name.startsWith('pretrain-'))).toHaveLength(8);
  expect(story.isLinked).toBe(true);
  const table = lines.filter((line) => /^(?:TIME|2026-\S+ \S+ +\$)/.test(line));
  expect(table.length).toBeGreaterThan(5);
  for (const line of table) expect(line.length).toBeLessThanOrEqual(80);
  // Time, messages, low, expected, true, what fires: at the stop the text itself says that the messages tell of less than 40 %.
  const stop = table.find((line) => line.includes('stop-compute')) ?? '';
  const [, reported = NaN, low = NaN, expected = NaN, truth = NaN] =
    /^2026-\S+ \S+ +\$(\S+) +\$(\S+) +\$(\S+) +\$(\S+) +/
      .exec(stop)
      ?.map((text) => Number(text.replaceAll(',', ''))) ?? [];
  expect(reported).toBeLessThan(400);
  expect(low).toBeGreaterThanOrEqual(1_000);
  expect(expected).toBeGreaterThanOrEqual(low);
  expect(truth).toBeGreaterThanOrEqual(low);
  // Each rung fires once, in its order, by a message between two looks too.
  expect(table.flatMap((line) => /\$\S+ +([a-z][a-z, -]*)$/.exec(line)?.[1] ?? [])).toEqual([
    'notify',
    'stop-notebooks',
    'stop-compute',
  ]);
  const text = lines.join(' ').replaceAll(/\s+/g, ' ');
  // The ledger began within the month: before reports hold what ran before it, there is no upper point.
  expect(text).toMatch(/stop-compute fires.*Estimated: 1,0\d\d\.\d\d USD or more by now, expected 1,0/);
  expect(text).toMatch(
    /; no upper point, for reports do not hold all yet of what ran before the ledgers began\./,
  );
  expect(text).toMatch(/Only now do the messages report \$1,0\d\d: \d+ minutes later/);
});
