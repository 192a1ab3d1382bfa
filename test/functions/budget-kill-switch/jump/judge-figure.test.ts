import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  judgeFigure,
  type Figures,
  type Reported,
} from '../../../../functions/budget-kill-switch/jump/judge-figure.ts';
import { at, MIDMONTH, NOVEMBER } from '../builder.ts';

const MINUTE_MS = 60_000;
const NOW_MS = MIDMONTH.getTime();
/** Half of 100. */
const MOST = 50;

/** A message of so many minutes from now on. */
function message(minute: number, cost: number, more: Partial<Reported> = {}): Reported {
  return {
    ...{ id: `m${minute}`, publishedMs: NOW_MS + minute * MINUTE_MS, cost },
    ...{ periodStartMs: at(NOVEMBER), currencyCode: 'USD' },
    ...more,
  };
}

/** What each of these messages is taken for, and what is known in the end. */
function play(messages: readonly Reported[], first?: Figures): { readonly kinds: string; readonly figures: Figures | undefined } {
  let figures = first;
  let nowMs = 0;
  const kinds = messages.map((one) => {
    nowMs = Math.max(nowMs, one.publishedMs);
    const judged = judgeFigure(figures, one, MOST, nowMs);
    figures = judged.figures;
    return judged.kind === 'believed' ? 'b' : judged.isNew ? 'J' : 'j';
  });
  return { kinds: kinds.join(''), figures };
} // prettier-ignore

const cases: readonly (readonly [string, readonly Reported[], string])[] = [
  ['the first one known is believed, whatever it says', [message(0, 150)], 'b'],
  ['half of the budget more is believed', [message(0, 40), message(25, 90)], 'bb'],
  ['a cent beyond it waits', [message(0, 40), message(25, 90.01)], 'bJ'],
  ['a second message that reports as much is believed', [message(0, 40), message(25, 130), message(50, 130)], 'bJb'],
  ['delivered again it is no second one', [message(0, 40), message(25, 130), message(25, 130), message(25, 130)], 'bJjj'],
  ['nor published again under the same id', [message(0, 40), message(25, 130), message(50, 130, { id: 'm25' })], 'bJj'],
  ['nor at the same moment under another', [message(0, 40), message(25, 130), message(25, 130, { id: 'other' })], 'bJj'],
  ['nor a quarter of an hour less a millisecond later', [message(0, 40), message(25, 130), message(40 - 1 / MINUTE_MS, 131), message(40, 132)], 'bJjb'],
  ['a second one that came first counts', [message(0, 40), message(50, 131), message(25, 130)], 'bJb'],
  ['a message in between that is not beyond it ends the wait', [message(0, 40), message(25, 130), message(30, 41), message(50, 130)], 'bJbJ'],
  ['but not for ever: the third that reports as much is believed', [message(0, 40), message(25, 130), message(30, 0), message(50, 130), message(55, 0), message(75, 130)], 'bJbJbb'],
  ['a third one hours later is a first one again', [message(0, 40), message(25, 130), message(30, 0), message(300, 1), message(310, 130), message(315, 0), message(335, 130)], 'bJbbJbJ'],
  ['a second one that is not contradicted is believed, also after one that was', [message(0, 40), message(25, 130), message(30, 0), message(50, 130), message(75, 130)], 'bJbJb'],
  ['the same one again is no third one', [message(0, 40), message(25, 130), message(30, 0), message(50, 130), message(55, 0), message(56, 130, { id: 'm50' })], 'bJbJbj'],
  ['one of before it, delivered late, does not', [message(0, 40), message(25, 130), message(20, 41), message(50, 130)], 'bJbb'],
  ['a late one of before the last known is no second one', [message(0, 40), message(25, 130), message(30, 41), message(25, 130)], 'bJbj'],
  ['of two far apart the lower one is believed, and the wait begins anew', [message(0, 40), message(25, 130), message(50, 500), message(75, 510)], 'bJJb'],
  ['what was confirmed is believed when it is delivered again', [message(0, 40), message(25, 130), message(50, 130), message(25, 130), message(50, 130)], 'bJbbb'],
  ['after two days without a message twice as much is believed', [message(0, 40), message(2 * 24 * 60, 139)], 'bb'],
  ['a new period begins anew', [message(0, 40), message(25, 130, { periodStartMs: at('2026-12-01T08:00:00Z') })], 'bb'],
  ['another reading of its midnight is the same period', [message(0, 40), message(25, 130, { periodStartMs: at('2026-11-01T00:00:00Z') })], 'bJ'],
  ['another currency is not compared', [message(0, 40), message(25, 130, { currencyCode: 'EUR' })], 'bb'],
  ['a credit is believed', [message(0, 140), message(25, -20), message(50, 10)], 'bbb'],
]; // prettier-ignore

describe('judgeFigure', () => {
  for (const [title, messages, kinds] of cases)
    it(title, () => {
      expect(play(messages).kinds).toBe(kinds);
    });

  it('what is dated ahead of the clock neither keeps out a message nor confirms one', () => {
    const known = { cost: 40, atMs: 1e15 };
    const figures: Figures = {
      ...{ version: 1, periodStartMs: at(NOVEMBER), currencyCode: 'USD', known },
      awaiting: { cost: 130, atMs: 1e15, id: 'planted' },
    };
    expect(play([message(0, 130), message(25, 130)], figures).kinds).toBe('Jb');
    const { kinds, figures: end } = play([message(0, 45)], figures);
    expect(kinds).toBe('b');
    expect(end?.known).toEqual({ cost: 45, atMs: NOW_MS });
  });

  it('delays what Google reports by one message at the most, whatever is delivered again in between', () => {
    const growth = fc.array(fc.tuple(fc.double({ min: 0, max: 400, noNaN: true }), fc.boolean()), {
      minLength: 2,
      maxLength: 12,
    });
    fc.assert(
      fc.property(growth, (steps) => {
        let figures: Figures | undefined;
        let cost = 0;
        let last = 0;
        for (const [index, [more, again]] of steps.entries()) {
          cost += more;
          const one = message(index * 20, cost);
          for (let n = 0; n < (again ? 2 : 1); n++)
            figures = judgeFigure(figures, one, MOST, one.publishedMs).figures;
          expect(figures?.known.cost).toBeGreaterThanOrEqual(last);
          last = cost;
        }
      }),
      { seed: 14 },
    );
  });
});
