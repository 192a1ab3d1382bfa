import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { doctorCommand } from '../../../deploy/commands/doctor.ts';
import { showOtherCost } from '../../../deploy/actual/other-cost.ts';
import { ownCost, showOwnCost, type RunCounts } from '../../../deploy/actual/own-cost.ts';
import { withBench } from '../commands/bench.ts';

const START = Date.parse('2026-11-18T00:00:00Z');
const TICK_MS = 600_000;
const TICKS_A_MONTH = 4_380;

/** Runs every ten minutes, each 2 seconds long. */
function runs(count: number, more: Partial<RunCounts> = {}): readonly RunCounts[] {
  return Array.from({ length: count }, (_, index) => ({
    startedAt: new Date(START + index * TICK_MS).toISOString(),
    finishedAt: new Date(START + index * TICK_MS + 2_000).toISOString(),
    apiCalls: { 'monitoring.timeSeries.list': 8, 'storage.objects.insert': 2, 'storage.objects.get': 1 },
    seriesRead: { total: 1_000 },
    ...more,
  }));
}

describe('ownCost', () => {
  it('takes runs, calls, series and seconds of a month from the pace of the last runs', () => {
    const cost = ownCost(runs(144));
    assert.ok(cost?.usd !== undefined && cost.series !== undefined);
    assert.deepEqual(
      [cost.runs, cost.calls, cost.series, cost.seconds].map(Math.round),
      [1, 11, 1_000, 2].map((each) => each * TICKS_A_MONTH),
    );
    const usdPerRun = 0.4e-6 + 2 * (0.000024 / 3 + 0.0000025 / 2) + 1_000 * 0.5e-6 + 2 * 0.005e-3 + 0.0004e-3;
    assert.ok(Math.abs(cost.usd - usdPerRun * TICKS_A_MONTH) < 1e-6);
  });

  it('counts runs of several projects in one tick as one tick', () => {
    const both = [...runs(10), ...runs(10)];
    assert.equal(Math.round(ownCost(both)?.runs ?? 0), 2 * TICKS_A_MONTH);
  });

  it('is unknown without two ticks, and without the series of runs that read Monitoring', () => {
    assert.equal(ownCost([]), undefined);
    assert.equal(ownCost(runs(1)), undefined);
    const cost = ownCost(runs(5, { seriesRead: undefined }));
    assert.equal(cost?.series, undefined);
    assert.equal(cost?.usd, undefined);
    assert.equal(ownCost(runs(5, { seriesRead: undefined, apiCalls: {} }))?.series, 0);
  });

  it('counts the points that spend-watch writes by their bytes, as its README says', () => {
    // Three kinds in a project with a budget, every five minutes.
    const series = 3 * 4 + 2 + 6;
    const looks = (more: Partial<RunCounts>): readonly RunCounts[] =>
      Array.from({ length: 288 }, (_, index) => ({
        startedAt: new Date(START + index * 300_000).toISOString(),
        finishedAt: new Date(START + index * 300_000 + 2_000).toISOString(),
        apiCalls: { 'monitoring.timeSeries.create': 1 },
        ...more,
      }));
    const cost = ownCost(looks({ pointsWritten: series }));
    const without = ownCost(looks({}));
    assert.ok(cost?.usd !== undefined && without?.usd !== undefined);
    assert.equal(cost.series, 0, 'a write reads no series');
    assert.equal(Math.round(cost.points), series * 2 * TICKS_A_MONTH);
    const usd = ((series * 2 * TICKS_A_MONTH * 8) / 2 ** 20) * 0.258;
    assert.ok(Math.abs(cost.usd - without.usd - usd) < 1e-9);
    const readme = readFileSync(
      join(import.meta.dirname, '../../../functions/spend-watch/README.md'),
      'utf8',
    );
    const row = /^\| 1 project, 3 kinds, 1 budget \| (\d+) \| ([\d.]+) MiB \| ([\d.]+) USD \|$/m.exec(readme);
    assert.deepEqual(row?.slice(1), [`${series}`, (usd / 0.258).toFixed(2), usd.toFixed(2)]);
    const text = showOwnCost(new Map([['spend-watch', cost]]));
    assert.match(text, /^Of it for 175,200 points written to Monitoring: 0\.34$/m);
    assert.ok(
      text.split('\n').every((line) => line.length <= 80),
      text,
    );
    assert.doesNotMatch(showOwnCost(new Map([['spend-watch', without]])), /points/);
  });

  it('shows unknown as unknown, what is small as less than a cent, and no line over 80 columns', () => {
    const text = showOwnCost(
      new Map([
        ['idle-notebook-stopper', ownCost(runs(144, { seriesRead: { total: 1_000_000 } }))],
        [
          'lifecycle-enforcer',
          { runs: 1, calls: 1, series: 0, points: 0, seconds: 1, publishes: 0, outcomes: 0, usd: 0.001 },
        ],
        ['budget-kill-switch', undefined],
      ]),
    );
    assert.ok(
      text.split('\n').every((line) => line.length <= 80),
      text,
    );
    assert.match(text, /^lifecycle-enforcer .* < 0\.01$/m);
    assert.match(text, /^budget-kill-switch +unknown/m);
    assert.match(text, /^total +>= 2190\.\d\d$/m);
    assert.doesNotMatch(text, /\b0\.00$/m);
    assert.match(showOwnCost(new Map([['budget-restore', undefined]])), /^total +unknown$/m);
  });
});

describe('showOtherCost', () => {
  it('bounds what the receipts do not tell by their counts and the caps of the code', () => {
    const cost = ownCost(
      runs(144, { apiCalls: { 'pubsub.topics.publish': 1 }, outcomes: { 'stop done': 3 } }),
    );
    const text = showOtherCost(new Map([['idle-notebook-stopper', cost]]), { jobs: 1, stateBucket: 'b' });
    const pubsub = (2 * TICKS_A_MONTH * (1_000 + 4_000_000) * 40) / 2 ** 40;
    const logs = (TICKS_A_MONTH * 4 * 256 * 1024 * 0.5) / 2 ** 30;
    assert.ok(text.includes(`Pub/Sub      <= ${pubsub.toFixed(2)}:`), text);
    assert.ok(text.includes(`Logs         <= ${logs.toFixed(2)}:`), text);
    assert.match(text, /^Builds +<= 0\.06 for each deployment/m);
    assert.ok(text.split('\n').every((line) => line.length <= 80));
  });

  it('says where a bound leaves out a function whose runs are unknown', () => {
    const costs = new Map([
      ['idle-notebook-stopper', ownCost(runs(3))],
      ['budget-restore', undefined],
    ]);
    const text = showOtherCost(costs, { jobs: 0, stateBucket: undefined });
    assert.match(text, /^Pub\/Sub +<= \d+\.\d\d without the unknown:/m);
    const none = showOtherCost(new Map([['budget-restore', undefined]]), { jobs: 0, stateBucket: undefined });
    assert.match(none, /^Logs +unknown:/m);
  });
});

describe('doctor.sh', () => {
  it('says what each function costs a month, from its receipts in the log', () =>
    withBench(async (bench) => {
      await deployCommand(bench.place, bench.tools);
      const lines = runs(144).map((receipt) => ({ jsonPayload: { receipt } }));
      bench.gcloud.world.receipts.set('idle-notebook-stopper', lines);
      bench.printed();
      await doctorCommand(bench.place, bench.tools);
      const { out } = bench.printed();
      assert.match(out, /^idle-notebook-stopper +4,380 +48,180 +4,380,000 +8,760 +2\.3\d$/m);
      assert.match(out, /^budget-kill-switch +unknown/m);
      assert.match(out, /^total +>= 2\.3\d$/m);
      assert.match(out, /^Scheduler +5 jobs at 0\.10: 0\.50$/m);
      assert.match(out, /^ {2}gcloud storage du -s gs:\/\/ml-ops-local-costguard$/m);
    }));
});
