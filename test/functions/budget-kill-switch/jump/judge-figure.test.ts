import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  figuresSchema,
  type Figures,
  type Reported,
} from '../../../../functions/budget-kill-switch/jump/figures.ts';
import { judgeFigure } from '../../../../functions/budget-kill-switch/jump/judge-figure.ts';
import { at, MIDMONTH, NOVEMBER } from '../builder.ts';

const MINUTE_MS = 60_000;
const NOW_MS = MIDMONTH.getTime();
const GROWTH = { jump: 0.5, amount: 100 };

/** A message of so many minutes from now on. */
function message(minute: number, cost: number, more: Partial<Reported> = {}): Reported {
  return {
    ...{ id: `m${minute}`, publishedMs: NOW_MS + minute * MINUTE_MS, cost },
    ...{ periodStartMs: at(NOVEMBER), currencyCode: 'USD' },
    ...more,
  };
}

/** The amount of a budget that is its last period's cost. */
const AMOUNT = { amount: 100 };

/** A message of so many minutes after the next period's first six hours. */
function onFirstDay(minute: number, cost: number): Reported {
  const periodStartMs = at('2026-12-01T08:00:00Z');
  const publishedMs = periodStartMs + (6 * 60 + minute) * MINUTE_MS;
  return message(minute, cost, { id: `d${minute}`, periodStartMs, publishedMs });
}

/** What each of these messages is taken for, and what is known in the end. */
function play(messages: readonly Reported[], first?: Figures): { readonly kinds: string; readonly figures: Figures | undefined } {
  let figures = first;
  let nowMs = 0;
  const kinds = messages.map((one) => {
    nowMs = Math.max(nowMs, one.publishedMs);
    const judged = judgeFigure(figures, one, GROWTH, nowMs);
    figures = judged.figures;
    return judged.kind === 'believed' ? 'b' : judged.isNew ? 'J' : 'j';
  });
  return { kinds: kinds.join(''), figures };
} // prettier-ignore

const cases: readonly (readonly [string, readonly Reported[], string])[] = [
  ['the first one known is believed up to half of the budget for each day of its period', [message(0, 850)], 'b'],
  ['and beyond that waits', [message(0, 950), message(25, 951)], 'Jb'],
  ['on the first day of a period, too', [message(0, 40), onFirstDay(0, 51), onFirstDay(25, 52)], 'bJb'],
  ['where half of the budget is believed', [message(0, 40), onFirstDay(0, 50)], 'bb'],
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
  ['steps of less than half within minutes add up', [message(-25, 39), message(0, 40), message(1, 85), message(2, 130), message(3, 175), message(4, 220)], 'bbbJjj'],
  ['from the first one of all on', [message(0, 40), message(1, 90), message(2, 90.01)], 'bbJ'],
  ['from the beginning of a period on', [message(0, 40), onFirstDay(0, 45), onFirstDay(1, 51)], 'bbJ'],
  ['and wait as long as one step does', [message(-25, 39), message(0, 40), message(1, 85), message(2, 130), message(16, 131), message(17, 132)], 'bbbJjb'],
  ['in the next minutes after a confirmed one, too', [message(0, 40), message(25, 130), message(50, 130), message(51, 175), message(52, 220), message(53, 265)], 'bJbbJj'],
  ['a runaway that grows by half of the budget from message to message waits for none', [message(0, 40), message(25, 90), message(50, 140), message(75, 190), message(100, 240)], 'bbbbb'],
  ['one low figure in between makes none wait', [message(0, 40), message(25, 85), message(30, 0), message(50, 90)], 'bbbb'],
  ['nor does a high one let a later step pass', [message(0, 40), message(25, 90), message(30, 41), message(50, 42), message(55, 95)], 'bbbbJ'],
  ['a credit makes no later one wait', [message(0, 140), message(25, -20), message(50, -20), message(75, 180)], 'bbbb'],
  ['nor do low figures, however many', [message(0, 130), message(16, 0), message(25, 131), message(32, 0), message(48, 0), message(50, 132), message(66, 0), message(75, 180)], 'bbbbbbbb'],
  ['an amount that falls is a jump', [message(0, 40, AMOUNT), message(25, 40, { amount: 1 }), message(26, 40, { amount: 1 })], 'bJj'],
  ['and is believed with the second message', [message(0, 40, AMOUNT), message(25, 40, { amount: 40 }), message(50, 40, { amount: 40 })], 'bJb'],
  ['an amount that late cost corrects is believed', [message(0, 40, AMOUNT), message(25, 40, { amount: 92 })], 'bb'],
  ['a cost that jumps beyond its own amount waits as beyond a given one', [message(0, 40, AMOUNT), message(25, 90, AMOUNT), message(26, 91, AMOUNT)], 'bbJ'],
  ['another reading of its midnight is the same period', [message(0, 40), message(25, 130, { periodStartMs: at('2026-11-01T00:00:00Z') })], 'bJ'],
  ['another currency makes it no smaller', [message(0, 40), message(25, 130, { currencyCode: 'EUR' }), message(50, 130, { currencyCode: 'EUR' })], 'bJb'],
  ['a credit is believed', [message(0, 140), message(25, -20), message(50, 10)], 'bbb'],
]; // prettier-ignore

describe('judgeFigure', () => {
  for (const [title, messages, kinds] of cases)
    it(title, () => {
      expect(play(messages).kinds).toBe(kinds);
    });

  it('what an earlier version kept goes on', () => {
    const kept = JSON.parse(
      `{"version":1,"periodStartMs":${at(NOVEMBER)},"currencyCode":"USD","known":{"cost":40,"atMs":${NOW_MS}},"awaiting":{"cost":130,"atMs":${NOW_MS + 1},"id":"old","times":1}}`,
    ) as unknown;
    expect(play([message(25, 130), message(50, 131)], figuresSchema.parse(kept)).kinds).toBe('bb');
  });

  it('what is dated ahead of the clock neither keeps out a message nor confirms one', () => {
    const known = { cost: 40, atMs: 1e15 };
    const figures: Figures = {
      ...{ version: 1, periodStartMs: at(NOVEMBER), currencyCode: 'USD', known },
      awaiting: { cost: 130, atMs: 1e15, id: 'planted' },
    };
    expect(play([message(0, 130), message(25, 130)], figures).kinds).toBe('Jb');
    const candidate = { cost: 130, atMs: 1e15, id: 'planted' };
    const anchored = { ...figures, anchor: { cost: 40, atMs: 1e15 }, candidate };
    expect(play([message(0, 130), message(25, 130)], anchored).kinds).toBe('Jb');
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
            figures = judgeFigure(figures, one, GROWTH, one.publishedMs).figures;
          expect(figures?.known.cost).toBeGreaterThanOrEqual(last);
          last = cost;
        }
      }),
      { seed: 14 },
    );
  });
});
