import { describe, expect, it } from 'vitest';
import type { Due } from '../../../functions/budget-kill-switch/ladder/hold.ts';
import { judgeOther, readOthers } from '../../../functions/budget-kill-switch/settle/others.ts';
import type { ProjectRef } from '../../../shared/google/projects.ts';
import {
  judgeGrowth,
  judgeSettling,
  mayBurn,
  type Others,
  type Settled,
  type Settling,
} from '../../../functions/budget-kill-switch/settle/judge-settling.ts';
import { mayBurnOn, settlingAfter } from '../../../functions/budget-kill-switch/settle/in-effect.ts';
import { priceBetween, unpriced, type Price } from '../../../shared/prices/price.ts';
import { nothingBilled } from '../../../shared/resources/cost.ts';
import type { Manifest } from '../../../shared/state/manifest.ts';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';
import { running } from '../../support/running-resource.ts';
import { BUDGET, budget, config, MIDMONTH, notification } from './builder.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = MIDMONTH.getTime();

/** Stop-compute has fired on the project, and has been in effect for so many hours. */
function stopped(hours: number, more: Partial<NonNullable<Manifest['settling']>> = {}): Manifest {
  return {
    ...{ version: 1, budget: BUDGET, period: '2026-11-01', project: 'ml-lab', restored: {} },
    rungs: [
      { at: 1, do: 'stop-compute', status: 'done', runId: 'r', firedAtMs: NOW_MS - HOUR_MS, items: [] },
    ],
    settling: { sinceMs: NOW_MS - hours * HOUR_MS, amount: 100, ...more },
  };
}

/** Stop-compute did not see all, with what became of what it saw. */
function missedBy(became: readonly ManifestItem['status'][]): Manifest {
  const items = became.map((status) => ({
    ...{ kind: 'vm', resource: `projects/ml-lab/zones/z/instances/${status}`, status },
    ...{ localSsds: 0, spot: false },
  })) satisfies ManifestItem[];
  const rungs = stopped(1).rungs.map((rung) => ({ ...rung, status: 'claimed' as const, complete: false, items }));
  return { ...stopped(1), rungs };
} // prettier-ignore

/** Stop-compute has node auto-provisioning left, with what became of the pools. */
function provisioning(status: ManifestItem['status'], pools: readonly ManifestItem['status'][], complete = true): Manifest {
  const cluster = 'projects/ml-lab/locations/us-central1/clusters/demo';
  const items = [
    { kind: 'node-pool', resource: cluster, status, record: { provisioning: {} } },
    ...pools.map((became) => ({ kind: 'node-pool', resource: `${cluster}/nodePools/${became}`, status: became, record: { sizes: {} } }) as const),
  ] satisfies ManifestItem[];
  return { ...stopped(1), rungs: missedBy([]).rungs.map((rung) => ({ ...rung, items, complete })) };
} // prettier-ignore

const ALONE: Others = { kind: 'quiet', sinceMs: 0 };

/** The budget's figure so many hours ago, after the settling time. */
function after(hoursAgo: number, cost: number): Pick<NonNullable<Manifest['settling']>, 'after'> {
  return { after: { atMs: NOW_MS - hoursAgo * HOUR_MS, cost } };
}

const VM = running('vm', {
  resource: 'projects/ml-lab/zones/z/instances/vm-1',
  fate: { kind: 'stoppable', record: { localSsds: 0, spot: false } },
});
const KEPT = { ...VM, labels: { 'costguard-keep': 'true' } };
const NAMED = { ...VM, fate: { kind: 'named', why: 'stopping destroys it' } } as const;
const FROM_NONE = priceBetween(nothingBilled('none of its machines'), {
  ...nothingBilled('all of them'),
  usd: { low: 5, high: 5 },
} as Price);
const MISSED = { complete: false, mayShow: 'VMs: 503' };
const NOTHING_STOPS = config().ladder.filter((rung) => rung.do !== 'stop-compute');

const cases: readonly (readonly [string, Partial<Settled & { others: Others }>, RegExp])[] = [
  ['nothing runs: it waits', {}, /^waits until 2026-11-19T20:40/],
  ['what runs is stopped at the next look: it waits', { running: [VM] }, /^waits/],
  ['the last millisecond: it waits', { now: new Date(NOW_MS + 23 * HOUR_MS - 1) }, /^waits/],
  ['the time is over: the first figure is kept', { manifest: stopped(24) }, /^no-reason 130@0h: this is the first figure after budgets\.settle/],
  ['the cost stands still: it waits on', { manifest: stopped(80, after(0, 130)) }, /^no-reason 130@0h: .* has grown by 0\.00 USD since 2026-11-18T21:40/],
  ['a credit came: it waits on', { manifest: stopped(80, after(30, 140)) }, /^no-reason 140@30h: .* grown by 0\.00 USD/],
  ['it grows by what storage costs: it waits on', { manifest: stopped(80, after(10, 129)) }, /^no-reason 129@10h: .* by 1\.00 USD .*no more than storage costs \(up to 1\.00 USD\)/],
  ['it grows by more: it unlinks', { manifest: stopped(80, after(10, 128.99)) }, /^unlinks: the reported cost has grown by 1\.01 USD since .*, after budgets\.settle \(24 h\), more than storage costs \(1\.00 USD\), although nothing that burns is running$/],
  ['it grows by more beside what may have no instances: it unlinks, and names that', { manifest: stopped(80, after(10, 120)), running: [{ ...NAMED, cost: unpriced('it bills on requests'), mayBeIdle: true }] }, /^unlinks: .* grown by 10\.00 USD .*, although nothing that is known to burn is running; whether these bill now is not known, 1 left burning 1 without a price: /],
  ['it grows as slowly for two days: it waits on', { manifest: stopped(80, after(48, 128)) }, /^no-reason .* by 2\.00 USD .*\(up to 2\.00 USD\)/],
  ['it grows faster for two days: it unlinks', { manifest: stopped(80, after(48, 127.9)) }, /^unlinks: .* grown by 2\.10 USD/],
  ['the figure is of before the time was over: another is kept', { manifest: stopped(26, after(3, 100)) }, /^no-reason 130@0h: this is the first/],
  ['another project went off later: it waits for its cost, too', { manifest: stopped(80, after(10, 100)), others: { kind: 'quiet', sinceMs: NOW_MS - 5 * HOUR_MS } }, /^waits until 2026-11-19T16:40/],
  ['another project went off since: another figure is kept', { manifest: stopped(80, after(50, 100)), others: { kind: 'quiet', sinceMs: NOW_MS - 25 * HOUR_MS } }, /^no-reason 130@0h: this is the first/],
  ['another project runs on: its cost is no reason', { manifest: stopped(80, after(10, 100)), others: { kind: 'goes-on', why: 'ml-b runs on' } }, /^no-reason -: ml-b runs on$/],
  ['another project runs on, and something burns here: it unlinks', { running: [KEPT], others: { kind: 'goes-on', why: 'ml-b runs on' } }, /^unlinks: something burns/],
  ['settle 0: it unlinks', { config: config({ settleHours: 0 }) }, /^unlinks: budgets\.settle is 0$/],
  ['no rung stops compute: it unlinks', { config: config({ ladder: NOTHING_STOPS }) }, /^unlinks: the ladder has no stop-compute/],
  ['not all could be looked at: it unlinks', { complete: false }, /^unlinks: not all of the project could be looked at, for another reason than an outage that may pass, so/],
  ['a retry may show it: it waits for an hour', { ...MISSED }, /^unseen until 2026-11-18T22:40:00.000Z: not all of the project could be looked at since 2026-11-18T21:40:00.000Z: VMs: 503$/],
  ['a retry may show it, the last millisecond of the hour: it waits', { ...MISSED, manifest: stopped(30, { unseenSinceMs: NOW_MS - HOUR_MS + 1 }) }, /^unseen until 2026-11-18T21:40:00.001Z/],
  ['no retry has shown it for an hour: it unlinks', { ...MISSED, manifest: stopped(30, { unseenSinceMs: NOW_MS - HOUR_MS }) }, /^unlinks: not all of the project could be looked at since 2026-11-18T20:40:00.000Z, for 1 h or more, so that something may burn there: VMs: 503$/],
  ['the first look that missed it was noted by a clock that was wrong: it waits from now on', { ...MISSED, manifest: stopped(30, { unseenSinceMs: NOW_MS + 9 * HOUR_MS }) }, /^unseen until 2026-11-18T22:40/],
  ['a retry may show it, and something burns: it unlinks for that', { ...MISSED, running: [KEPT] }, /^unlinks: something burns that no rung stops/],
  ['a retry may show it, and settle is 0: it unlinks', { ...MISSED, config: config({ settleHours: 0 }) }, /^unlinks: budgets\.settle is 0$/],
  ['a retry may show it, and no rung stops compute: it unlinks', { ...MISSED, config: config({ ladder: NOTHING_STOPS }) }, /^unlinks: the ladder has no stop-compute/],
  ['a retry may show it, observing: it waits for an hour', { ...MISSED, config: config({ mode: 'observe' }) }, /^unseen until 2026-11-18T22:40:00.000Z: .*: VMs: 503$/],
  ['a retry may show it, observing, and nothing has been stopped: it waits for an hour', { ...MISSED, manifest: undefined, running: [VM], config: config({ mode: 'observe' }) }, /^unseen until 2026-11-18T22:40/],
  ['no retry has shown it for an hour, observing: it unlinks', { ...MISSED, manifest: stopped(30, { unseenSinceMs: NOW_MS - HOUR_MS }), config: config({ mode: 'observe' }) }, /^unlinks: .* for 1 h or more/],
  ['the listing is refused, observing: it unlinks', { complete: false, config: config({ mode: 'observe' }) }, /^unlinks: not all of the project could be looked at, for another reason/],
  ['a retry may show what stop-compute missed, too: it waits', { ...MISSED, manifest: missedBy([]) }, /^unseen until 2026-11-18T22:40/],
  ['a retry may show it, and a stop failed: it unlinks', { ...MISSED, manifest: missedBy(['failed']) }, /^unlinks: stop-compute has not taken effect/],
  ['a stop does not show yet: it waits for an hour', { manifest: missedBy(['done', 'planned']), running: [VM] }, /^unseen until 2026-11-18T22:40:00.000Z: stop-compute has not taken effect on all of it since 2026-11-18T21:40:00.000Z: it does not show yet on projects\/ml-lab\/zones\/z\/instances\/planned$/],
  ['a stop does not show for an hour: it unlinks', { manifest: { ...missedBy(['planned']), settling: { sinceMs: NOW_MS, amount: 100, burns: true, unseenSinceMs: NOW_MS - HOUR_MS } }, running: [VM] }, /^unlinks: stop-compute has not taken effect on all of it since 2026-11-18T20:40:00.000Z, for 1 h or more, so/],
  ['what only makes pools was refused: it waits', { manifest: provisioning('failed', ['done', 'already']) }, /^waits until 2026-11-19T20:40/],
  ['what only makes pools does not show yet: it waits', { manifest: provisioning('planned', ['done']) }, /^waits until 2026-11-19T20:40/],
  ['what only makes pools was refused, and the cost grows: it unlinks', { manifest: { ...provisioning('failed', ['done']), settling: { sinceMs: NOW_MS - 80 * HOUR_MS, amount: 100, ...after(10, 120) } } }, /^unlinks: the reported cost has grown by 10\.00 USD/],
  ['what only makes pools was refused, and not all was seen: it waits for an hour', { manifest: provisioning('failed', ['done'], false) }, /^unseen until 2026-11-18T22:40/],
  ['what only makes pools was refused, and a pool does not show yet: it waits for an hour', { manifest: provisioning('failed', ['planned']) }, /^unseen until 2026-11-18T22:40.* it does not show yet on .*\/nodePools\/planned$/],
  ['what makes pools was refused, and a pool, too: it unlinks', { manifest: provisioning('failed', ['failed']) }, /^unlinks: stop-compute has not taken effect on all of it$/],
  ['a stop does not show yet, and another was refused: it unlinks', { manifest: missedBy(['planned', 'failed']) }, /^unlinks: stop-compute has not taken effect on all of it$/],
  ['a stop does not show yet, and something burns that no rung stops: it unlinks for that', { manifest: missedBy(['planned']), running: [KEPT] }, /^unlinks: something burns that no rung stops/],
  ['what stop-compute missed is seen by now: it waits for its next look', { manifest: missedBy(['done']) }, /^unseen until 2026-11-18T22:40:00.000Z: .*: what stop-compute missed was seen after it/],
  ['what stop-compute missed is seen by now, observing: it waits from now on', { manifest: missedBy(['done']), config: config({ mode: 'observe' }) }, /^waits until 2026-11-19T21:40/],
  ['what stop-compute has missed for an hour: it unlinks', { manifest: { ...missedBy([]), ...{ settling: { sinceMs: NOW_MS, amount: 100, burns: true, unseenSinceMs: NOW_MS - HOUR_MS } } } }, /^unlinks: not all of the project .* for 1 h or more/],
  ['nothing has been stopped, and a retry may show the rest: it unlinks', { ...MISSED, manifest: undefined }, /^unlinks: stop-compute has not taken effect/],
  ['a kept VM burns: it unlinks', { running: [KEPT] }, /^unlinks: something burns that no rung stops: 1 left burning/],
  ['what nothing stops burns: it unlinks', { running: [NAMED] }, /^unlinks: something burns that no rung stops/],
  ['what is named bills nothing now: it waits', { running: [{ ...NAMED, cost: nothingBilled('it bills when TPUs are granted') }] }, /^waits until 2026-11-19T20:40/],
  ['a kept job waits for its machines: it waits', { running: [{ ...KEPT, cost: nothingBilled('it bills once it runs') }] }, /^waits until 2026-11-19T20:40/],
  ['what is named has no price: it unlinks', { running: [{ ...NAMED, cost: unpriced('it bills on requests') }] }, /^unlinks: something burns that no rung stops/],
  ['what is named may have no instances: it waits', { running: [{ ...NAMED, cost: unpriced('it bills on requests'), mayBeIdle: true }] }, /^waits until 2026-11-19T20:40/],
  ['what is named bills as storage alone: it waits', { running: [{ ...NAMED, cost: unpriced('its saved memory bills'), isStorage: true }] }, /^waits until 2026-11-19T20:40/],
  ['what is named is scaled from none: it waits', { running: [{ ...NAMED, cost: FROM_NONE }] }, /^waits until 2026-11-19T20:40/],
  ['beside what may have none something burns: it unlinks for that', { running: [{ ...NAMED, resource: 'projects/ml-lab/zones/z/instances/vm-0', mayBeIdle: true }, KEPT] }, /^unlinks: something burns that no rung stops: 1 left burning [^;]*vm-1/],
  ['nothing has been stopped yet: it unlinks', { manifest: undefined }, /^unlinks: stop-compute has not taken effect/],
  [
    'not all has been stopped: it unlinks',
    { manifest: { ...stopped(1), rungs: [{ at: 1, do: 'stop-compute', status: 'claimed', runId: 'r' }] } },
    /^unlinks: stop-compute has not taken effect/,
  ],
  ['observing, which stops nothing: it waits from now on', { manifest: undefined, config: config({ mode: 'observe' }), running: [VM] }, /^waits until 2026-11-19T21:40/],
]; // prettier-ignore

/** 130 of 100 USD are spent, and nothing runs. */
function settled(more: Partial<Settled>): Settled {
  return {
    ...{ config: config(), manifest: stopped(1), running: [], complete: true, now: MIDMONTH },
    ...{ cost: 130, amount: 100, currency: 'USD' },
    ...more,
  };
}

function textOf(verdict: Settling): string {
  switch (verdict.kind) {
    case 'waits':
      return `waits until ${new Date(verdict.untilMs).toISOString()}`;
    case 'unseen':
      return `unseen until ${new Date(verdict.untilMs).toISOString()}: ${verdict.why}`;
    case 'no-reason': {
      const { after: figure, why } = verdict;
      const kept = figure === undefined ? '-' : `${figure.cost}@${(NOW_MS - figure.atMs) / HOUR_MS}h`;
      return `no-reason ${kept}: ${why}`;
    }
    case 'unlinks':
      return `unlinks: ${verdict.why}`;
  }
}

function judge({ others = ALONE, ...more }: Partial<Settled & { others: Others }>): Settling {
  const facts = settled(more);
  const judged = judgeSettling(facts);
  return judged.kind === 'settled' ? judgeGrowth(facts, judged.sinceMs, others) : judged;
}

describe('judgeSettling', () => {
  for (const [title, more, expected] of cases)
    it(title, () => {
      expect(textOf(judge(more))).toMatch(expected);
    });

  it('counts from the last firing in a manifest of an older version', () => {
    const { settling, ...older } = stopped(30);
    expect(settling).toBeDefined();
    const verdict = judgeSettling(settled({ manifest: older }));
    expect(verdict).toEqual({ kind: 'waits', sinceMs: NOW_MS - HOUR_MS, untilMs: NOW_MS + 23 * HOUR_MS });
  });
});

describe('mayBurnOn', () => {
  it('is not kept from the settling time by what bills as storage alone', () => {
    const rung = { at: 1, do: 'stop-compute' } as const;
    const suspended = { ...NAMED, cost: unpriced('its saved memory bills'), isStorage: true } as const;
    expect(mayBurnOn(rung, { complete: true, burning: [suspended] })).toBe(false);
    expect(mayBurnOn(rung, { complete: true, burning: [suspended, NAMED] })).toBe(true);
    expect(mayBurn([suspended, { ...NAMED, mayBeIdle: true }], config(), MIDMONTH)).toHaveLength(1);
  });
});

describe('settlingAfter', () => {
  const before = { settling: { sinceMs: 1_000, amount: 100 } };
  const fresh = { sinceMs: 9_000, amount: 100 };
  it('begins with the first stop, and goes on with what came back', () => {
    expect(settlingAfter({}, { amount: 100, heldSinceMs: 0 }, 9_000)).toEqual(fresh);
    expect(settlingAfter(before, { amount: 100, heldSinceMs: 0 }, 9_000)).toEqual(before.settling);
    expect(settlingAfter(before, { amount: 50, heldSinceMs: 0 }, 9_000)).toEqual(before.settling);
  });
  it('begins anew after a break in which the rung was not in force', () => {
    expect(settlingAfter(before, { amount: 100, heldSinceMs: 1_001 }, 9_000)).toEqual(fresh);
    expect(settlingAfter(before, { amount: 100, heldSinceMs: 1_000 }, 9_000)).toEqual(before.settling);
  });
  it('keeps since when looks miss something, but not over a break', () => {
    const missed = { settling: { ...before.settling, burns: true, unseenSinceMs: 5_000 } } as const;
    expect(settlingAfter(missed, { amount: 100, heldSinceMs: 0 }, 9_000)).toEqual({
      ...fresh,
      unseenSinceMs: 5_000,
    });
    expect(settlingAfter(missed, { amount: 100, heldSinceMs: 1_001 }, 9_000)).toEqual(fresh);
  });
  it('begins anew after a raise or a restore', () => {
    expect(settlingAfter(before, { amount: 101, heldSinceMs: 0 }, 9_000)).toEqual({
      sinceMs: 9_000,
      amount: 101,
    });
    expect(
      settlingAfter(
        { ...before, grace: { runId: 'r', sinceMs: 1_001 } },
        { amount: 100, heldSinceMs: 0 },
        9_000,
      ),
    ).toEqual(fresh);
    expect(
      settlingAfter(
        { ...before, grace: { runId: 'r', sinceMs: 999 } },
        { amount: 100, heldSinceMs: 0 },
        9_000,
      ),
    ).toEqual(before.settling);
  });
});

describe('judgeOther', () => {
  const runsOn = {
    kind: 'goes-on',
    why: 'stop-compute is not in effect on projects/ml-b of the same budget',
  };
  const unlink = { at: 1.2, do: 'unlink-billing', status: 'done', runId: 'r', firedAtMs: NOW_MS } as const;
  it('is quiet since stop-compute took effect, or since it was unlinked', () => {
    expect(judgeOther('ml-b', stopped(3), { amount: 100, heldSinceMs: 0 })).toEqual({
      kind: 'quiet',
      sinceMs: NOW_MS - 3 * HOUR_MS,
    });
    const open = provisioning('failed', ['done']);
    expect(judgeOther('ml-b', open, { amount: 100, heldSinceMs: 0 })).toMatchObject({ kind: 'quiet' });
    const manifest = { ...stopped(3), rungs: [...stopped(3).rungs, unlink] };
    expect(judgeOther('ml-b', manifest, { amount: 100, heldSinceMs: 0 })).toEqual({
      kind: 'quiet',
      sinceMs: NOW_MS,
    });
  });
  it('goes on where nothing stopped it, not all of it, or it was restored since', () => {
    expect(judgeOther('ml-b', undefined, { amount: 100, heldSinceMs: 0 })).toEqual(runsOn);
    const partly = stopped(3).rungs.map((rung) => ({ ...rung, status: 'claimed' as const }));
    expect(judgeOther('ml-b', { ...stopped(3), rungs: partly }, { amount: 100, heldSinceMs: 0 })).toEqual(
      runsOn,
    );
    const restored = { ...stopped(3), grace: { runId: 'r', sinceMs: NOW_MS - HOUR_MS } };
    expect(judgeOther('ml-b', restored, { amount: 100, heldSinceMs: 0 })).toEqual(runsOn);
  });
  it('goes on where the rung was not in force since, unless it was unlinked', () => {
    const by = { amount: 100, heldSinceMs: NOW_MS - HOUR_MS };
    expect(judgeOther('ml-b', stopped(3), by)).toEqual(runsOn);
    const unlinked = { ...stopped(3), rungs: [...stopped(3).rungs, unlink] };
    expect(judgeOther('ml-b', unlinked, by)).toEqual({ kind: 'quiet', sinceMs: NOW_MS });
  });
  it('goes on where something burns that no rung stops, unless it was unlinked', () => {
    const burns = stopped(3, { burns: true });
    const by = { amount: 100, heldSinceMs: 0 };
    expect(judgeOther('ml-b', burns, by)).toEqual({
      kind: 'goes-on',
      why: 'something may burn on projects/ml-b of the same budget that no rung stops',
    });
    expect(judgeOther('ml-b', { ...burns, rungs: [...burns.rungs, unlink] }, by).kind).toBe('quiet');
  });
  it('goes on where the amount was raised since, unless it was unlinked', () => {
    expect(judgeOther('ml-b', stopped(3), { amount: 101, heldSinceMs: 0 })).toEqual(runsOn);
    const unlinked = { ...stopped(3), rungs: [...stopped(3).rungs, unlink] };
    expect(judgeOther('ml-b', unlinked, { amount: 101, heldSinceMs: 0 })).toEqual({
      kind: 'quiet',
      sinceMs: NOW_MS,
    });
  });
});

describe('readOthers: another project of the budget', () => {
  const OTHER = { projectId: 'ml-b', number: '2' };
  const deletedMs = NOW_MS - 3 * HOUR_MS;

  /** What is told of ml-lab's budget, whose other project is `other`; no manifest is stored. */
  function toldOf(other: ProjectRef, protect: readonly string[]): Promise<Others> {
    const state = { bucket: 'b', read: () => Promise.resolve(undefined) };
    const due = {
      context: { state },
      config: config({ protect: [...protect] }),
      notification: notification(),
      budget: budget({ projects: ['projects/1', 'projects/2'] }),
      verdict: { budgetAmount: 100 },
    } as unknown as Due;
    return readOthers(due, [{ projectId: 'ml-lab', number: '1' }, other], 'ml-operations')('ml-lab');
  }

  it.each([
    ['protected: runs on', {}, true, { kind: 'goes-on', why: 'projects/ml-b of the same budget runs on: budgets.protect names it' }],
    ['not stopped: runs on', {}, false, { kind: 'goes-on', why: 'stop-compute is not in effect on projects/ml-b of the same budget' }],
    ['deleted: is quiet since then', { isDeleted: true, deletedMs }, false, { kind: 'quiet', sinceMs: deletedMs }],
    ['protected and deleted: is quiet since then', { isDeleted: true, deletedMs }, true, { kind: 'quiet', sinceMs: deletedMs }],
    ['protected and deleted at a time that is not told: its cost may be the reason', { isDeleted: true }, true, { kind: 'goes-on', why: 'projects/ml-b of the same budget is deleted, and Google does not tell since when' }],
    ['deleted at a time that is not told, and never looked at: its cost may be the reason', { isDeleted: true }, false, { kind: 'goes-on', why: 'stop-compute is not in effect on projects/ml-b of the same budget' }],
  ] as const)('%s', async (_, deletion, isProtected, expected) => {
    expect(await toldOf({ ...OTHER, ...deletion }, isProtected ? ['projects/ml-b'] : [])).toEqual(expected);
  });
}); // prettier-ignore
