import { describe, expect, it } from 'vitest';
import type { Config } from '../../../functions/spend-watch/config.ts';
import { judgeSpend } from '../../../functions/spend-watch/decide.ts';
import { burnByKind } from '../../../functions/spend-watch/evidence/kind-burn.ts';
import { gatherSpend } from '../../../functions/spend-watch/gather.ts';
import { ledgerAfter } from '../../../functions/spend-watch/ledger-after.ts';
import type { Run } from '../../../shared/run/sweep.ts';
import { accrue } from '../../../shared/spend/accrue.ts';
import { printLedger, type Ledger } from '../../../shared/spend/ledger.ts';
import { refuse, scriptedApi } from '../../support/scripted-api.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.parse('2026-11-18T00:00:00Z');
const ENDPOINT = 'projects/p/locations/us-central1/endpoints/7';
const VM = 'projects/p/zones/us-central1-a/instances/vm-1';
const REGIONS = ['europe-west4', 'us-central1'];

const CONFIG: Config = {
  ...{
    mode: 'enforce',
    discountAtMost: 0,
    unpricedAtMost: 10,
    regions: [],
    metrics: false,
    callsPerLook: 12,
  },
  ...{ budgets: [], ladder: [], ownerLabel: undefined },
  anomalies: {
    burnFactor: 2,
    burnAtLeastUsdPerHour: 10,
    gpuIdleAfterHours: 6,
    newKindAtLeastUsdPerHour: 1,
  },
};

/** Two looks that saw a VM and, but for `without`, an endpoint; the regions were listed with the last of them. */
function seenBefore(kinds: readonly string[], held = kinds.includes('endpoint')): Ledger {
  const rate = { low: 2, expected: 2, high: 2 };
  const all = [
    { resource: ENDPOINT, kind: 'endpoint', rate },
    { resource: VM, kind: 'vm', rate },
  ];
  const look = (before: Ledger | undefined, atMs: number): Ledger =>
    accrue(before, {
      ...{ project: 'p', atMs, complete: true },
      resources: all.filter(({ kind }) => kinds.includes(kind)),
    });
  return {
    ...look(look(undefined, START - HOUR), START),
    looks: {
      listedMs: START,
      regions: Object.fromEntries(REGIONS.map((region) => [region, START])),
      held: held ? { 'endpoints in us-central1': START } : {},
      ...{ failed: [], answered: { endpoints: START } },
    },
  };
}

/** One look of spend-watch while some APIs are disabled; the others answer that there is nothing. */
async function look(before: Ledger, atMs: number, disabled: readonly string[]) {
  const { api } = scriptedApi(({ target }) => {
    if (disabled.some((host) => target.includes(host))) refuse(403, 'SERVICE_DISABLED');
    if (!target.endsWith('/locations')) return {};
    return { locations: REGIONS.map((locationId) => ({ locationId })) };
  });
  const text = printLedger(before);
  const now = new Date(atMs);
  const run = {
    ...{ api, projectId: 'p', runId: 'r', startedAt: now, policy: {}, log: () => undefined },
    ...{ gap: () => undefined, runtime: { now: () => now } },
    state: {
      bucket: 'b',
      read: (name: string) => Promise.resolve(name.startsWith('ledgers/') ? { text } : undefined),
    },
  };
  for await (const [facts] of gatherSpend(run as unknown as Run, CONFIG)) {
    if (facts === undefined) break;
    const ledger = ledgerAfter(facts.before, facts);
    const [decision] = judgeSpend(facts, CONFIG);
    return { ledger, reason: decision?.reason, kinds: burnByKind(ledger, []) };
  }
  throw new Error('Cannot look: nothing was gathered');
}

const names = ({ running }: Ledger): readonly string[] => running.map(({ resource }) => resource);

describe('an endpoint that ran when the API of Vertex AI was disabled', () => {
  it.each([
    ['while the regions are known', START + 5 * MINUTE],
    ['once they are to be listed again', START + 3 * HOUR],
    ['after a week', START + 7 * 24 * HOUR],
  ])('%s: is neither gone nor zero, and the look is incomplete', async (_, atMs) => {
    const before = seenBefore(['endpoint', 'vm']);
    const { ledger, reason, kinds } = await look(before, atMs, ['aiplatform.']);
    expect(reason).toBe('incomplete');
    expect(ledger.gaps).toEqual([
      {
        where: 'projects/p Vertex AI',
        why: expect.stringMatching(/^the API is disabled: what ran there before may go on/) as string,
      },
    ]);
    expect(names(ledger)).toContain(ENDPOINT);
    expect(kinds.get('endpoint')).toEqual({ low: undefined, expected: 2, high: undefined });
    expect(ledger.looks?.regions).toEqual(before.looks?.regions);
    expect(ledger.looks?.failed).toEqual([]);
  });

  it('does not keep a VM that was seen to be gone', async () => {
    const { ledger } = await look(seenBefore(['endpoint', 'vm']), START + 5 * MINUTE, ['aiplatform.']);
    expect(names(ledger)).toEqual([ENDPOINT]);
    expect(ledger.changes?.map(({ what, resource }) => [what, resource])).toEqual([['gone', VM]]);
  });

  it('is gone once the API is enabled and does not list it', async () => {
    const off = await look(seenBefore(['endpoint']), START + 2 * HOUR, ['aiplatform.']);
    const { ledger, reason } = await look(off.ledger, START + 4 * HOUR, []);
    expect([names(ledger), reason]).toEqual([[], 'watched']);
  });
});

describe('a disabled API', () => {
  it('hides what was lately in a region and bills for nothing that was seen', async () => {
    const { ledger, reason } = await look(seenBefore(['vm'], true), START + 2 * HOUR, ['aiplatform.']);
    expect(reason).toBe('incomplete');
    expect(ledger.looks).toBeDefined();
  });

  it('of VMs: one that ran is neither gone nor zero', async () => {
    const { ledger, reason, kinds } = await look(seenBefore(['vm']), START + 5 * MINUTE, ['compute.']);
    expect([names(ledger), reason]).toEqual([[VM], 'incomplete']);
    expect(kinds.get('vm')?.high).toBeUndefined();
  });

  it('is nothing where nothing was ever seen: the look is complete', async () => {
    const { ledger, reason } = await look(seenBefore(['vm']), START + 2 * HOUR, ['aiplatform.', 'tpu.']);
    expect([reason, ledger.gaps, ledger.looks]).toEqual(['watched', [], undefined]);
  });
});
