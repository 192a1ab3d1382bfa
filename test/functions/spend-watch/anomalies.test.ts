import { describe, expect, it } from 'vitest';
import { judgeAnomalies } from '../../../functions/spend-watch/anomalies/judge.ts';
import { afterTelling, chooseNews, notTold } from '../../../functions/spend-watch/anomalies/tell.ts';
import type { IdleGpu } from '../../../functions/spend-watch/facts.ts';
import { accrue, type Seen } from '../../../shared/spend/accrue.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-11-10T12:00:00Z');
const POLICY = {
  burnFactor: 2,
  burnAtLeastUsdPerHour: 10,
  gpuIdleAfterHours: 6,
  newKindAtLeastUsdPerHour: 1,
};

function running(usd: number, over: Partial<Seen> = {}): Seen {
  return { resource: 'projects/p/a', kind: 'vm', rate: { low: usd, expected: usd, high: usd }, ...over };
}

/** Looks every five minutes: what they see after so many hours. */
function watched(hours: number, at: (hour: number) => readonly Seen[]): readonly Ledger[] {
  const all: Ledger[] = [];
  for (let atMs = START; atMs <= START + hours * HOUR; atMs += HOUR / 12)
    all.push(
      accrue(all.at(-1), { project: 'p', atMs, resources: at((atMs - START) / HOUR), complete: true }),
    );
  return all;
}

type Told = Pick<Ledger, 'told' | 'untold'>;

/** What each look tells, from the first of them on; `fate` of a look's notice: taken, refused, or its run died before or after. */
function told(
  ledgers: readonly Ledger[],
  idle: readonly IdleGpu[] = [],
  fate: (look: number) => 'taken' | 'refused' | 'died' = () => 'taken',
): readonly string[] {
  let memory: Told = {};
  return ledgers.flatMap((ledger, index) => {
    const anomalies = judgeAnomalies(ledgers[index - 1], ledger, idle, POLICY);
    const { news, ledger: chosen } = chooseNews({ ...ledger, ...memory }, anomalies);
    const ending = fate(index);
    const after = ending === 'died' ? chosen : afterTelling(chosen, news, ending === 'taken');
    memory = {
      ...(after.told === undefined ? {} : { told: after.told }),
      ...(after.untold === undefined ? {} : { untold: after.untold }),
    };
    return ending === 'taken' ? news.map(({ kind, says }) => `${kind}: ${says}`) : [];
  });
}

describe('burn-rose', () => {
  it('tells once that the burn doubled, with the numbers', () => {
    expect(told(watched(30, (hour) => [running(hour < 26 ? 10 : 25)]))).toEqual([
      'burn-rose: p burns $25.00/h, 2.5 times the $10.00/h of the highest hour of the day before. Most of it: projects/p/a (no description, $25.00/h).'.replace(
        'projects/p/a',
        'a',
      ),
    ]);
  });

  it.each<[string, (hour: number) => number]>([
    ['is less than twice as high', (hour) => (hour < 26 ? 100 : 195)],
    ['rose by less than the bound', (hour) => (hour < 26 ? 1 : 10.5)],
    ['comes up each day', (hour) => (hour % 24 < 4 ? 50 : 5)],
    ['is high in one look only', (hour) => (hour > 26 && hour < 26.1 ? 100 : 10)],
    ['rose before there was a day of looks', (hour) => (hour < 10 ? 10 : 40)],
  ])('tells nothing of one that %s', (_, usd) => {
    expect(told(watched(60, (hour) => [running(usd(hour))]))).toEqual([]);
  });

  it('tells again within the day when it doubled once more', () => {
    const steps = (hour: number): number => (hour < 26 ? 10 : hour < 28 ? 25 : 80);
    expect(told(watched(30, (hour) => [running(steps(hour))])).map((one) => one.slice(0, 26))).toEqual([
      'burn-rose: p burns $25.00/',
      'burn-rose: p burns $80.00/',
    ]);
  });
});

describe('new-kind', () => {
  const tpu = running(5, { resource: 'projects/p/tpu', kind: 'tpu' });

  it('tells of a kind that never ran before, once, also when it comes back', () => {
    const kinds = told(
      watched(40, (hour) => (hour < 26 || (hour > 30 && hour < 32) ? [running(5)] : [running(5), tpu])),
    );
    expect(kinds).toEqual(['new-kind: tpu never ran in p before: tpu (no description, $5.00/h).']);
  });

  it('tells nothing of a cheap one, and of one without a price it does', () => {
    const cheap = running(0.5, { resource: 'c', kind: 'tpu' });
    expect(told(watched(27, (hour) => (hour < 26 ? [] : [cheap])))).toEqual([]);
    const strange = { ...cheap, rate: { low: 0, expected: 0, high: 10 }, unpriced: 'no price' };
    expect(told(watched(27, (hour) => (hour < 26 ? [] : [strange])))).toHaveLength(1);
    const suspended = { ...strange, rate: { low: 0, expected: 0, high: 0.02 } };
    expect(told(watched(27, (hour) => (hour < 26 ? [] : [suspended])))).toEqual([]);
  });
});

describe('idle-gpu', () => {
  const idle = [{ resource: 'projects/p/a', why: 'no prediction was counted in 6 h' }];

  it('tells once for as long as it runs, and again after it was started anew', () => {
    expect(
      told(
        watched(60, () => [running(4)]),
        idle,
      ),
    ).toEqual([
      'idle-gpu: a (no description, $4.00/h) runs beside no traffic: no prediction was counted in 6 h.',
    ]);
    const restarted = watched(60, (hour) => [running(4, { startedMs: START + (hour < 40 ? 0 : 40 * HOUR) })]);
    expect(told(restarted, idle)).toHaveLength(2);
  });

  it('tells nothing of what does not run any more', () => {
    expect(
      told(
        watched(30, () => []),
        idle,
      ),
    ).toEqual([]);
  });
});

describe('more than one notice takes', () => {
  const MANY = Array.from({ length: 260 }, (_, index) =>
    running(4, { resource: `projects/p/gpu-${index}`, startedMs: START }),
  );
  const idle = MANY.map(({ resource }) => ({ resource, why: 'no prediction was counted in 6 h' }));
  const tpu = running(5, { resource: 'projects/p/tpu', kind: 'tpu' });

  it('tells each of many idle GPUs once, the others with the next looks', () => {
    const all = told(
      watched(24.9, () => MANY),
      idle,
    );
    expect(new Set(all).size).toBe(260);
    expect(all).toHaveLength(260);
  });

  it('tells what else was found with them first', () => {
    const ledgers = watched(24, (hour) => (hour < 24 ? MANY : [...MANY, tpu]));
    const all = told(ledgers, idle);
    expect(all).toHaveLength(50);
    expect(all[0]).toMatch(/^new-kind: tpu/);
  });

  it('names what was too much to keep, and no GPU that is found again', () => {
    const [ledger] = watched(0, () => MANY);
    if (ledger === undefined) throw new Error('Cannot find the look');
    const kinds = Array.from({ length: 60 }, (_, index) => ({
      ...{ key: `kind ${index}`, kind: 'new-kind' as const, resource: 'projects/p/a', owner: undefined },
      ...{ usdPerHour: 5, says: `${index}` },
    }));
    const gpus = idle.map(({ resource }) => ({
      ...{ key: `idle ${resource}`, kind: 'idle-gpu' as const, resource, owner: undefined },
      ...{ usdPerHour: 4, says: 'idle' },
    }));
    const { lost, ledger: after } = chooseNews(ledger, [...kinds, ...gpus]);
    expect(lost.map(({ says }) => says)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(after.untold).toHaveLength(50);
  });
});

describe('what could not be told', () => {
  const tpu = running(5, { resource: 'projects/p/tpu', kind: 'tpu' });
  /** The look that first sees the TPU, which is gone an hour later: no later look finds it new. */
  const FOUND = 26 * 12;
  const ledgers = watched(60, (hour) => (hour >= 26 && hour < 27 ? [running(5), tpu] : [running(5)]));
  const SAYS = ['new-kind: tpu never ran in p before: tpu (no description, $5.00/h).'];

  it.each([
    ['no channel took it', 'refused'],
    ['the run died', 'died'],
  ] as const)('is told by the next look, once, where %s', (_, fate) => {
    expect(told(ledgers, [], (look) => (look === FOUND ? fate : 'taken'))).toEqual(SAYS);
    expect(told(ledgers, [], (look) => (look < FOUND + 100 ? fate : 'taken'))).toEqual(SAYS);
  });

  it('is given up after a day, and named', () => {
    expect(told(ledgers, [], (look) => (look <= FOUND + 24 * 12 ? 'refused' : 'taken'))).toEqual([]);
    const [before, ledger] = [ledgers[FOUND - 1], ledgers[FOUND]];
    if (before === undefined || ledger === undefined) throw new Error('Cannot find the look');
    const { news, ledger: chosen } = chooseNews(ledger, judgeAnomalies(before, ledger, [], POLICY));
    const waits = afterTelling(chosen, news, false);
    expect(notTold(waits, ledger.lookedMs).map(({ says }) => `new-kind: ${says}`)).toEqual(SAYS);
    const late = chooseNews({ ...waits, lookedMs: ledger.lookedMs + 24 * HOUR }, []);
    expect(late.lost.map(({ says }) => `new-kind: ${says}`)).toEqual(SAYS);
    expect(late.ledger.untold).toBeUndefined();
  });

  it('is left to the run that tells it, until that must have ended', () => {
    const [before, ledger] = [ledgers[FOUND - 1], ledgers[FOUND]];
    if (before === undefined || ledger === undefined) throw new Error('Cannot find the look');
    const { ledger: taken } = chooseNews(ledger, judgeAnomalies(before, ledger, [], POLICY));
    const after = (seconds: number) =>
      chooseNews({ ...taken, lookedMs: taken.lookedMs + seconds * 1_000 }, []).news.length;
    expect([after(0), after(239), after(240)]).toEqual([0, 0, 1]);
    expect(notTold(taken, taken.lookedMs + 239_000)).toEqual([]);
    expect(notTold(taken, taken.lookedMs + 240_000)).toHaveLength(1);
  });

  it('is told at once where another is found, and that one is not lost', () => {
    const gpu = [{ resource: 'projects/p/a', why: 'no prediction was counted in 6 h' }];
    const both = told(ledgers, gpu, (look) => (look <= FOUND ? 'refused' : 'taken'));
    expect(both.map((one) => one.slice(0, 8))).toEqual(['idle-gpu', 'new-kind']);
  });
});
