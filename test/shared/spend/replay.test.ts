import { describe, expect, it } from 'vitest';
import { isPlain, quantile, replayAll, type Replayed } from '../../support/spend-replay/distribution.ts';

const SEEDS = 2_000;

describe('spend ahead of billing, on 2,000 random days', () => {
  const all = replayAll(SEEDS);
  const withoutCredits = all.filter(({ traits }) => !traits.has('credits'));
  const seeds = (found: readonly Replayed[]): readonly number[] => found.map(({ seed }) => seed);

  it('has days of every trait', () => {
    for (const trait of [
      'credits',
      'sustained-use',
      'unseen',
      'failed-listings',
      'spot',
      'month-end',
    ] as const)
      expect(all.filter(({ traits }) => traits.has(trait)).length, trait).toBeGreaterThan(40);
  });

  it('bounds the true spend in 99 of 100 looks', () => {
    const sum = (of: (one: Replayed) => number): number => all.reduce((total, one) => total + of(one), 0);
    expect(sum(({ inside }) => inside) / sum(({ looks }) => looks)).toBeGreaterThanOrEqual(0.99);
  });

  it('never puts low above the truth where no credit took some of it away', () => {
    expect(seeds(withoutCredits.filter(({ above }) => above > 0))).toEqual([]);
  });

  it('stops nothing before the true spend has reached the rung', () => {
    const CENTS = 0.02;
    expect(seeds(withoutCredits.filter(({ marginUsd = 0 }) => marginUsd < -CENTS))).toEqual([]);
  });

  it('stops nothing before three reports have come', () => {
    const early = all.filter(({ settled }) => !settled);
    expect(early.length).toBeGreaterThan(0);
    expect(early.length).toBeLessThan(SEEDS / 100);
  });

  it('overshoots by one look and the settling time where it sees all from the beginning', () => {
    const plain = all.filter(isPlain);
    expect(plain.length).toBeGreaterThan(40);
    expect(
      seeds(
        plain.filter(({ overshootUsd, allowedUsd, tellsStart }) => tellsStart && overshootUsd > allowedUsd),
      ),
    ).toEqual([]);
    // What does not tell when it was started is counted from the look on that first saw it.
    expect(seeds(plain.filter(({ overshootUsd, allowedUsd }) => overshootUsd > 2 * allowedUsd))).toEqual([]);
  });

  it('acts in minutes where messages take most of a day, and never later than they do', () => {
    const hours = all.map(({ hoursLate }) => hoursLate);
    expect(quantile(hours, 0.5)).toBeLessThan(0.5);
    expect(
      quantile(
        all.map(({ messageHoursLate }) => messageHoursLate),
        0.5,
      ),
    ).toBeGreaterThan(12);
    expect(seeds(all.filter(({ hoursLate, messageHoursLate }) => hoursLate > messageHoursLate))).toEqual([]);
  });
});

/** From 5 % to 50 % off. */
const shareOf = (seed: number): number => 0.05 * (1 + (seed % 10));

describe.each([
  ['stated as it is', shareOf],
  ['stated as more than it is', (seed: number) => Math.min(0.8, shareOf(seed) + 0.1)],
  ['not stated', () => null],
] as const)('spend ahead of billing, on 200 random days with a discount that is %s', (_, statedOf) => {
  const all = replayAll(200, (seed) => ({ share: shareOf(seed), stated: statedOf(seed) })).filter(
    ({ traits }) => !traits.has('credits'),
  );
  const seeds = (found: readonly Replayed[]): readonly number[] => found.map(({ seed }) => seed);

  it('never puts low above the truth', () => {
    expect(seeds(all.filter(({ above }) => above > 0))).toEqual([]);
  });

  it('stops nothing before the true spend has reached the rung', () => {
    expect(seeds(all.filter(({ marginUsd = 0 }) => marginUsd < -0.02))).toEqual([]);
  });

  it('acts ahead of the messages, and in hours at the most where it is stated', () => {
    const [late, messages] = [
      quantile(
        all.map(({ hoursLate }) => hoursLate),
        0.5,
      ),
      quantile(
        all.map(({ messageHoursLate }) => messageHoursLate),
        0.5,
      ),
    ];
    expect(late).toBeLessThan(messages);
    if (statedOf(1) !== null) expect(late).toBeLessThan(4);
  });
});
