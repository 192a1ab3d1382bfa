import { describe, expect, it } from 'vitest';
import { judgeSettling, type Settled } from '../../../functions/budget-kill-switch/ladder/settle.ts';
import { settlingAfter } from '../../../functions/budget-kill-switch/ladder/in-effect.ts';
import type { Manifest } from '../../../shared/state/manifest.ts';
import { running } from '../../support/running-resource.ts';
import { BUDGET, config, MIDMONTH } from './builder.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = MIDMONTH.getTime();

/** Stop-compute has fired on the project, and has been in effect for so many hours. */
function stopped(hours: number, more: Partial<Manifest> = {}): Manifest {
  return {
    ...{ version: 1, budget: BUDGET, period: '2026-11-01', project: 'ml-lab', restored: {} },
    rungs: [
      { at: 1, do: 'stop-compute', status: 'done', runId: 'r', firedAtMs: NOW_MS - HOUR_MS, items: [] },
    ],
    settling: { sinceMs: NOW_MS - hours * HOUR_MS, amount: 100 },
    ...more,
  };
}

const VM = running('vm', {
  resource: 'projects/ml-lab/zones/z/instances/vm-1',
  fate: { kind: 'stoppable', record: { localSsds: 0, spot: false } },
});
const KEPT = { ...VM, labels: { 'costguard-keep': 'true' } };
const NAMED = { ...VM, fate: { kind: 'named', why: 'stopping destroys it' } } as const;
const NOTHING_STOPS = config().ladder.filter((rung) => rung.do !== 'stop-compute');

const cases: readonly (readonly [string, Partial<Settled>, RegExp])[] = [
  ['nothing runs: it waits', {}, /^waits until 2026-11-19T20:40/],
  ['what runs is stopped at the next look: it waits', { running: [VM] }, /^waits/],
  ['the last millisecond: it waits', { now: new Date(NOW_MS + 23 * HOUR_MS - 1) }, /^waits/],
  ['a day later: it unlinks', { now: new Date(NOW_MS + 23 * HOUR_MS) }, /^unlinks: .*longer than budgets\.settle \(24 h\)/],
  ['settle 0: it unlinks', { config: config({ settleHours: 0 }) }, /^unlinks: budgets\.settle is 0$/],
  ['no rung stops compute: it unlinks', { config: config({ ladder: NOTHING_STOPS }) }, /^unlinks: the ladder has no stop-compute/],
  ['not all could be looked at: it unlinks', { complete: false }, /^unlinks: not all of the project/],
  ['a kept VM burns: it unlinks', { running: [KEPT] }, /^unlinks: something burns that no rung stops: 1 left burning/],
  ['what nothing stops burns: it unlinks', { running: [NAMED] }, /^unlinks: something burns that no rung stops/],
  ['nothing has been stopped yet: it unlinks', { manifest: undefined }, /^unlinks: stop-compute has not taken effect/],
  [
    'not all has been stopped: it unlinks',
    { manifest: stopped(1, { rungs: [{ at: 1, do: 'stop-compute', status: 'claimed', runId: 'r' }] }) },
    /^unlinks: stop-compute has not taken effect/,
  ],
  ['observing, which stops nothing: it waits from now on', { manifest: undefined, config: config({ mode: 'observe' }), running: [VM] }, /^waits until 2026-11-19T21:40/],
]; // prettier-ignore

describe('judgeSettling', () => {
  for (const [title, more, expected] of cases)
    it(title, () => {
      const verdict = judgeSettling({
        ...{ config: config(), manifest: stopped(1), running: [], complete: true, now: MIDMONTH },
        ...more,
      });
      const said =
        verdict.kind === 'waits'
          ? `waits until ${new Date(verdict.untilMs).toISOString()}`
          : `unlinks: ${verdict.why}`;
      expect(said).toMatch(expected);
    });

  it('counts from the last firing in a manifest of an older version', () => {
    const { settling, ...older } = stopped(30);
    expect(settling).toBeDefined();
    const verdict = judgeSettling({
      ...{ config: config(), manifest: older, running: [], complete: true, now: MIDMONTH },
    });
    expect(verdict).toEqual({ kind: 'waits', sinceMs: NOW_MS - HOUR_MS, untilMs: NOW_MS + 23 * HOUR_MS });
  });
});

describe('settlingAfter', () => {
  const before = { settling: { sinceMs: 1_000, amount: 100 } };
  const fresh = { sinceMs: 9_000, amount: 100 };
  it('begins with the first stop, and goes on with what came back', () => {
    expect(settlingAfter({}, 100, 9_000)).toEqual(fresh);
    expect(settlingAfter(before, 100, 9_000)).toEqual(before.settling);
    expect(settlingAfter(before, 50, 9_000)).toEqual(before.settling);
  });
  it('begins anew after a raise or a restore', () => {
    expect(settlingAfter(before, 101, 9_000)).toEqual({ sinceMs: 9_000, amount: 101 });
    expect(settlingAfter({ ...before, grace: { runId: 'r', sinceMs: 1_001 } }, 100, 9_000)).toEqual(fresh);
    expect(settlingAfter({ ...before, grace: { runId: 'r', sinceMs: 999 } }, 100, 9_000)).toEqual(
      before.settling,
    );
  });
});
