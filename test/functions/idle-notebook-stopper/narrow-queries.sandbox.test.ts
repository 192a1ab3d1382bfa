import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { notebookSweep } from '../../../functions/idle-notebook-stopper/function.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { withFunctionInProcess, type InProcess } from '../../support/in-process.ts';
import {
  BUCKET,
  idle,
  idleGpu,
  LAB,
  labPolicy,
  labScenario,
  NAME,
  type NotebookInput,
} from '../../support/lab.ts';
import { lastReceipt, statesOf } from '../../support/observe.ts';

/** CPU, sent and received bytes, each as peak and as number of points. */
const SERIES_WITHOUT_GPU = 6;
const LIST = 'monitoring.projects.timeSeries.list';

const many = (count: number, make: (id: string) => NotebookInput): NotebookInput[] =>
  Array.from({ length: count }, (_, index) => make(`nb-${String(index).padStart(3, '0')}`));

function withLab(
  { notebooks, otherVms }: { readonly notebooks: readonly NotebookInput[]; readonly otherVms: number },
  test: (world: InProcess) => Promise<void>,
): Promise<void> {
  const vms = Array.from({ length: otherVms }, (_, index) => ({
    id: `vm-${index}`,
    zone: 'us-central1-a',
    machineType: 'e2-medium',
    created: '-20d',
  }));
  return withFunctionInProcess(
    {
      name: NAME,
      scenario: labScenario(notebooks, { project: { vms } }),
      policy: labPolicy({ mode: 'observe', notebooks: ['maxStops: 1000'] }),
      handle: (runtime, event) => runTick(runtime, notebookSweep, event),
    },
    test,
  );
}

/** Ids in the filter of each query, and the filter's length. */
function filtersOf(sandbox: Sandbox): readonly { readonly ids: number; readonly length: number }[] {
  return sandbox.callLog.calls(LIST).map(({ query }) => {
    const filter = new URLSearchParams(query).get('filter') ?? '';
    return { ids: filter.match(/"\d{19,20}"/g)?.length ?? 0, length: filter.length };
  });
}

describe('idle-notebook-stopper queries Monitoring about the VMs of notebooks alone', () => {
  it('reads 30 series for 5 notebooks among 5,000 other VMs', () =>
    withLab({ notebooks: many(5, idle), otherVms: 5_000 }, async ({ sandbox, deliver }) => {
      await deliver();
      const { seriesRead, oldPrices } = lastReceipt(sandbox, BUCKET);
      // Price books that are older than 90 days.
      assert.deepEqual(oldPrices?.[1], { book: 'machines', asOf: '2026-07-30' });
      assert.deepEqual(seriesRead, { total: 5 * SERIES_WITHOUT_GPU, perResource: SERIES_WITHOUT_GPU });
      assert.equal(sandbox.monitoring.seriesReturned(LAB), seriesRead.total);
    }));

  it('reads no more where notebooks fill two pages, by filters of at most 80 ids and 2,048 characters', () =>
    withLab({ notebooks: many(150, idle), otherVms: 300 }, async ({ sandbox, deliver }) => {
      await deliver();
      const { seriesRead, kept, outcomes } = lastReceipt(sandbox, BUCKET);
      assert.deepEqual(kept, {});
      assert.equal(outcomes['stop planned'], 150);
      assert.equal(seriesRead?.total, 150 * SERIES_WITHOUT_GPU);
      assert.equal(sandbox.monitoring.seriesReturned(), seriesRead.total);
      const filters = filtersOf(sandbox);
      assert.deepEqual(filters.map(({ ids }) => ids).sort(), [
        ...Array<number>(SERIES_WITHOUT_GPU).fill(70),
        ...Array<number>(SERIES_WITHOUT_GPU).fill(80),
      ]);
      assert.ok(filters.every(({ length }) => length <= 2_048));
    }));

  it('queries once the whole project where most of its VMs are notebooks', () =>
    withLab({ notebooks: many(250, idle), otherVms: 200 }, async ({ sandbox, deliver }) => {
      await deliver();
      const { seriesRead, outcomes } = lastReceipt(sandbox, BUCKET);
      assert.equal(outcomes['stop planned'], 250);
      assert.deepEqual(
        filtersOf(sandbox).map(({ ids }) => ids),
        Array<number>(SERIES_WITHOUT_GPU).fill(0),
      );
      assert.equal(seriesRead?.total, 450 * SERIES_WITHOUT_GPU);
      assert.equal(sandbox.monitoring.seriesReturned(), seriesRead.total);
    }));

  it('queries GPUs that no metric tells of in few queries, however many there are', () =>
    withLab(
      { notebooks: many(900, (id) => idleGpu(id, { load: {} })), otherVms: 0 },
      async ({ sandbox, deliver }) => {
        await deliver();
        const { outcomes } = lastReceipt(sandbox, BUCKET);
        assert.equal(outcomes['stop planned'], 900);
        // Five metrics, each read twice: of all VMs, further back of ten batches by their ids, then of all VMs again.
        assert.equal(filtersOf(sandbox).length, 10 + 10 * 10 + 10);
      },
    ));

  it('queries GPUs for the notebooks that have one', () =>
    withLab({ notebooks: [...many(3, idle), idleGpu('gpu')], otherVms: 2 }, async ({ sandbox, deliver }) => {
      await deliver();
      assert.deepEqual(
        filtersOf(sandbox)
          .map(({ ids }) => ids)
          .sort(),
        [1, 1, 4, 4, 4, 4, 4, 4],
      );
      assert.equal(lastReceipt(sandbox, BUCKET).seriesRead?.total, 4 * SERIES_WITHOUT_GPU + 2);
    }));

  it('judges what was listed before the listing failed', () =>
    withLab({ notebooks: many(150, idle), otherVms: 0 }, async ({ sandbox, deliver }) => {
      sandbox.faults.add({
        route: 'notebooks.projects.locations.instances.list',
        skip: 1,
        fault: { kind: 'status', status: 403 },
      });
      await assert.rejects(deliver(), /HTTP 403/);
      const { incomplete, outcomes } = lastReceipt(sandbox, BUCKET);
      assert.equal(outcomes['stop planned'], 100);
      assert.equal(incomplete.length, 1);
    }));
});

describe('idle-notebook-stopper where Monitoring cannot reach a region', () => {
  const notebooks = [idle('here'), idle('there', { zone: 'us-east1-b' })];
  const deliverTo = (test: (world: InProcess) => Promise<void>): Promise<void> =>
    withFunctionInProcess(
      {
        name: NAME,
        scenario: labScenario(notebooks, { project: { unreachableForMonitoring: ['us-east1'] } }),
        policy: labPolicy(),
        handle: (runtime, event) => runTick(runtime, notebookSweep, event),
      },
      test,
    );

  it('stops nothing that the region may concern, says what was not seen, and stops it once it is back', () =>
    deliverTo(async ({ sandbox, deliver }) => {
      await deliver({ messageId: '1' });
      const first = lastReceipt(sandbox, BUCKET);
      assert.deepEqual(statesOf(sandbox), { here: 'ACTIVE', there: 'ACTIVE' });
      assert.deepEqual(first.kept, { 'not-evaluable': 2 });
      assert.ok(first.incomplete.length > 0);
      for (const { why } of first.incomplete) assert.match(why, /us-east1 was unreachable/);

      sandbox.monitoring.setUnreachable(LAB, []);
      await sandbox.clock.advance(60_000);
      await deliver({ messageId: '2' });
      assert.deepEqual(lastReceipt(sandbox, BUCKET).incomplete, []);
      assert.ok(Object.values(statesOf(sandbox)).every((state) => state !== 'ACTIVE'));
    }));
});
