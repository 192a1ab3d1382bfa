import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { wayBackOf } from '../../../functions/budget-restore/bring-back/way-back.ts';
import { planRestore } from '../../../functions/budget-restore/decide.ts';
import type { Manifest, ManifestRung } from '../../../shared/state/manifest.ts';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';

const notebook = (status: ManifestItem['status'], atMs: number): ManifestItem => ({
  kind: 'notebook',
  resource: 'nb-1',
  status,
  atMs,
});

function rung(action: ManifestRung['do'], items: readonly ManifestItem[]): ManifestRung {
  return { at: 1, do: action, status: 'done', runId: 'r', items: [...items] };
}

function manifest(rungs: readonly ManifestRung[], restored: Manifest['restored'] = {}): Manifest {
  return { version: 1, budget: 'b', period: '2026-11-01', project: 'ml-lab', rungs: [...rungs], restored };
}

describe('planRestore of one notebook', () => {
  const cases: readonly {
    readonly name: string;
    readonly items: readonly ManifestItem[];
    readonly restoredMs?: number;
    readonly is: 'start' | 'none';
    readonly why?: RegExp;
    /** Of the item that counts. */
    readonly atMs?: number;
  }[] = [
    { name: 'taken away', items: [notebook('done', 10)], is: 'start', atMs: 10 },
    { name: 'maybe taken away by a run that died', items: [notebook('planned', 10)], is: 'start' },
    { name: 'off already', items: [notebook('already', 10)], is: 'none', why: /off already/ },
    { name: 'not taken away', items: [notebook('failed', 10)], is: 'none', why: /could not take it away/ },
    { name: 'brought back', items: [notebook('done', 10)], restoredMs: 20, is: 'none', why: /brought back/ },
    {
      name: 'brought back, and taken away again by a higher rung',
      items: [notebook('done', 10), notebook('done', 30)],
      restoredMs: 20,
      is: 'start',
      atMs: 30,
    },
    {
      name: 'taken away by one rung and seen off by the next',
      items: [notebook('done', 10), notebook('already', 30)],
      is: 'start',
      atMs: 10,
    },
    {
      name: 'taken away again and brought back again',
      items: [notebook('done', 10), notebook('done', 30)],
      restoredMs: 30,
      is: 'none',
      why: /brought back/,
    },
  ];
  for (const { name, items, restoredMs, is, why, atMs } of cases)
    it(`${name}: ${is}`, () => {
      const rungs = items.map((item, n) => rung(n === 0 ? 'stop-notebooks' : 'stop-compute', [item]));
      const [step, ...more] = planRestore(
        manifest(rungs, restoredMs === undefined ? {} : { 'nb-1': restoredMs }),
        wayBackOf,
      );
      assert.deepEqual([step?.action, more], [is, []]);
      if (why !== undefined) assert.match(step?.why ?? '', why);
      if (atMs !== undefined) assert.equal(step?.item.atMs, atMs);
    });
});

it('planRestore links first, then starts, then deploys, and says what is lost for good', () => {
  const done = { status: 'done', atMs: 1 } as const;
  const steps = planRestore(
    manifest([
      rung('unlink-billing', [
        { kind: 'endpoint', resource: 'endpoint', ...done, models: [{ id: '5' }], trafficSplit: {} },
        { kind: 'custom-job', resource: 'job', ...done, displayName: 'train', state: 'JOB_STATE_RUNNING' },
        { kind: 'vm', resource: 'vm-2', ...done, localSsds: 2, spot: true },
        { kind: 'vm', resource: 'vm-1', ...done, localSsds: 0, spot: false },
        { kind: 'billing', resource: 'projects/ml-lab', ...done, account: 'billingAccounts/A' },
      ]),
    ]),
    wayBackOf,
  );
  assert.deepEqual(
    steps.map(({ action, item }) => `${action} ${item.resource}`),
    ['relink projects/ml-lab', 'start vm-1', 'start vm-2', 'deploy endpoint', 'none job'],
  );
  assert.deepEqual(
    steps.map(({ losses }) => losses.length),
    [0, 0, 2, 0, 0],
  );
  assert.match(steps.at(-1)?.why ?? '', /submit train again/);
  assert.deepEqual(planRestore(manifest([]), wayBackOf), []);
});
