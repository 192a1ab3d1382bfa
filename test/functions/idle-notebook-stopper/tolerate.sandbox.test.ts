import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { notebookSweep } from '../../../functions/idle-notebook-stopper/function.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import { withFunctionInProcess, type InProcess } from '../../support/in-process.ts';
import { BUCKET, idle, labPolicy, labScenario, NAME, type NotebookInput } from '../../support/lab.ts';
import { decisionOn, lastReceipt, outcomesOf } from '../../support/observe.ts';

function withNotebooks(
  notebooks: readonly NotebookInput[],
  lines: readonly string[],
  test: (world: InProcess) => Promise<void>,
): Promise<void> {
  return withFunctionInProcess(
    {
      name: NAME,
      scenario: labScenario(notebooks),
      policy: labPolicy({ notebooks: lines }),
      handle: (runtime, event) => runTick(runtime, notebookSweep, event),
    },
    test,
  );
}

const spike = (at: string, minutes: number) => ({ shape: 'spike', at, minutes, value: 0.9 }) as const;
const FLEET = [
  idle('update-1', { load: { cpu: spike('-30h', 4) } }),
  idle('network-1', { load: { networkReceived: { ...spike('-30h', 4), value: 9e6 } } }),
  // CPU and network of the same minutes are the same minutes.
  idle('both-1', {
    load: { cpu: spike('-30h', 4), networkReceived: { ...spike('-30h', 4), value: 9e6 } },
  }),
  idle('longer-1', { load: { cpu: spike('-30h', 7) } }),
  idle('apart-1', { load: { cpu: spike('-30h', 4), networkSent: { ...spike('-26h', 4), value: 9e6 } } }),
  idle('begun-1', { load: { cpu: spike('-20m', 2) } }),
  idle('busy-1', { load: { cpu: 0.6 } }),
];

describe('tolerate', () => {
  it('stops what was busy for some minutes a day, and keeps what was busy for longer or lately', () =>
    withNotebooks(FLEET, ['idleAfter: 2d', 'tolerate: 5m'], async ({ sandbox, deliver }) => {
      await deliver();
      const receipt = lastReceipt(sandbox, BUCKET);
      assert.deepEqual(Object.keys(outcomesOf(receipt)).sort(), ['both-1', 'network-1', 'update-1']);
      assert.deepEqual(receipt.kept, { active: 4 });
      for (const id of ['both-1', 'network-1', 'update-1'])
        assert.partialDeepStrictEqual(decisionOn(receipt, id, 'stop').evidence, {
          strayMinutes: { total: 4, busiestDay: 4, lastHour: 0, toleratedPerDay: 5 },
        });
    }));

  it('by default one busy minute of two days keeps a notebook', () =>
    withNotebooks(FLEET, ['idleAfter: 2d'], async ({ sandbox, deliver }) => {
      await deliver();
      assert.deepEqual(lastReceipt(sandbox, BUCKET).kept, { active: 7 });
    }));

  it('tolerates nothing where the minutes cannot be read', () =>
    withNotebooks(FLEET.slice(0, 1), ['idleAfter: 2d', 'tolerate: 5m'], async ({ sandbox, deliver }) => {
      // CPU, sent and received bytes are read twice each before.
      sandbox.faults.add({
        route: 'monitoring.projects.timeSeries.list',
        skip: 6,
        fault: { kind: 'status', status: 403 },
      });
      await assert.rejects(deliver());
      assert.deepEqual(lastReceipt(sandbox, BUCKET).kept, { active: 1 });
    }));
});

describe('kernels and terminals', () => {
  const reports = { 'report-notebook-metrics': 'TRUE' };
  const opened = { shape: 'spike', at: '-30m', minutes: 10, value: 1 } as const;

  it('keep a notebook where they tell of work, and not by being there', () =>
    withNotebooks(
      [
        idle('open-1', { metadata: reports, load: { kernels: 2, terminals: 1 } }),
        idle('terminal-1', { metadata: reports, load: { kernels: 1, terminals: opened } }),
        idle('executes-1', { metadata: reports, load: { kernels: 1, busyKernels: 1 } }),
        idle('no-answer-1', { metadata: reports, load: { kernels: -1, terminals: -1 } }),
        // No one requested it to report: what it writes is not read.
        idle('silent-1', { load: { terminals: opened } }),
      ],
      ['gpuSignalMissing: keep'],
      async ({ sandbox, deliver }) => {
        await deliver();
        const receipt = lastReceipt(sandbox, BUCKET);
        assert.deepEqual(Object.keys(outcomesOf(receipt)).sort(), ['open-1', 'silent-1']);
        assert.deepEqual(receipt.kept, { active: 2, 'not-evaluable': 1 });
      },
    ));
});
