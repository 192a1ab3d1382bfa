import { describe, expect, it } from 'vitest';
import { gatherInventory, type GatherRun } from '../../../functions/budget-kill-switch/gather.ts';
import { accrue } from '../../../shared/spend/accrue.ts';
import { printLedger } from '../../../shared/spend/ledger.ts';
import { refuse, scriptedApi } from '../../support/scripted-api.ts';

const NOW = Date.parse('2026-11-18T12:00:00Z');

function ledgerOf(kind: string): string {
  const rate = { low: 2, expected: 2, high: 2 };
  const resources = [{ resource: 'projects/p/some/thing', kind, rate }];
  return printLedger(accrue(undefined, { project: 'p', atMs: NOW - 300_000, resources, complete: true }));
}

const taking = (kind: string): unknown => ({
  rungs: [
    { at: 1, do: 'stop-compute', items: [{ kind, resource: 'projects/p/some/thing', status: 'done' }] },
  ],
});

/** Where `stop-compute` could not look while some APIs are disabled and the others list nothing. */
async function unseen(
  disabled: readonly string[],
  { ledger, manifest }: { readonly ledger?: string; readonly manifest?: unknown },
): Promise<readonly string[]> {
  const { api } = scriptedApi(({ target }) =>
    disabled.some((host) => target.includes(host)) ? refuse(403, 'SERVICE_DISABLED') : {},
  );
  const run = {
    ...{ api, projectId: 'p', mode: 'observe', log: () => undefined },
    runtime: { now: () => new Date(NOW) },
    state: {
      read: (name: string) =>
        Promise.resolve(name === 'ledgers/p.json' && ledger !== undefined ? { text: ledger } : undefined),
    },
    manifest: () => Promise.resolve(manifest),
  };
  const gaps: string[] = [];
  await gatherInventory(run as unknown as GatherRun, 'stop-compute', ({ where }) => void gaps.push(where));
  return gaps;
}

describe('a rung while the API of Vertex AI is disabled', () => {
  const off = ['aiplatform.'];
  const gap = ['projects/p Vertex AI'];

  it('has not seen everything where a rung took something of it in the period', async () => {
    expect(await unseen(off, { manifest: taking('endpoint') })).toEqual(gap);
    expect(await unseen(off, { manifest: taking('notebook') })).toEqual([]);
  });

  it('has not seen everything where spend-watch saw something of it last', async () => {
    expect(await unseen(off, { ledger: ledgerOf('endpoint') })).toEqual(gap);
    expect(await unseen(off, { ledger: ledgerOf('vm') })).toEqual([]);
  });

  it('has not seen everything where the ledger cannot be read: that is unknown', async () => {
    expect(await unseen(off, { ledger: '{' })).toEqual(gap);
  });

  it('is about nothing there where nothing of it was ever seen', async () => {
    expect(await unseen(off, {})).toEqual([]);
  });
});

it('another API that is disabled hides what is known to have run under it too', async () => {
  expect(await unseen(['notebooks.'], { manifest: taking('notebook') })).toEqual(['projects/p notebooks']);
  expect(await unseen(['compute.'], { ledger: ledgerOf('vm') })).toEqual(['projects/p VMs']);
});
