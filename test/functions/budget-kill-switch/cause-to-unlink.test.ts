import { expect, it, vi } from 'vitest';
import type { Estimated } from '../../../functions/budget-kill-switch/estimate/estimated.ts';
import type { Firing } from '../../../functions/budget-kill-switch/ladder/fire.ts';
import { causeToUnlink } from '../../../functions/budget-kill-switch/settle/cause-to-unlink.ts';
import type { FreshPlan } from '../../../functions/budget-kill-switch/ladder/plan-now.ts';
import type { Manifest } from '../../../shared/state/manifest.ts';
import type { ProjectLease } from '../../../shared/state/lease.ts';
import { nothingBilled } from '../../../shared/resources/cost.ts';
import { running } from '../../support/running-resource.ts';
import { budget, BUDGET, config, MIDMONTH, notification } from './builder.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = MIDMONTH.getTime();
const UNLINK = { at: 1.2, do: 'unlink-billing' } as const;

/** Stopped for four days; the first figure after the settling time was 130 USD, two days ago. */
const manifest: Manifest = {
  ...{ version: 1, budget: BUDGET, period: '2026-11-01', project: 'ml-lab', restored: {} },
  rungs: [{ at: 1, do: 'stop-compute', status: 'done', runId: 'r', firedAtMs: NOW_MS - 96 * HOUR_MS, items: [] }],
  settling: {
    sinceMs: NOW_MS - 96 * HOUR_MS,
    amount: 100,
    after: { atMs: NOW_MS - 48 * HOUR_MS, cost: 130 },
  },
}; // prettier-ignore

const OUTAGE = { where: 'VMs', why: '503', cause: undefined, mayPass: true } as const;

const fresh: FreshPlan = {
  items: [
    {
      kind: 'billing',
      resource: 'projects/ml-lab',
      status: 'planned',
      atMs: NOW_MS,
      account: 'billingAccounts/A',
    },
  ],
  ...{ left: [], complete: true, unseen: [], burning: [], running: [], kept: new Map() },
};

/** A message that reports so many of 100 USD, where the estimate is 190. */
function firing(
  reported: number,
  others: Firing['others'] = () => Promise.resolve({ kind: 'quiet', sinceMs: 0 }),
): Firing {
  const verdict = {
    ...{ kind: 'due', budgetAmount: 100, ladder: config().ladder, rungs: [UNLINK], next: undefined },
    shares: { actual: reported / 100, forecast: undefined },
    estimated: { share: 1.9 } as Estimated,
  };
  return {
    due: { config: config(), notification: notification(), budget: budget(), verdict, heldSinceMs: 0 },
    run: { projectId: 'ml-lab', runId: 'r', runtime: { now: () => MIDMONTH }, log: () => undefined },
    receipt: { keep: () => undefined },
    others,
  } as unknown as Firing;
}

it('unlinks for reported cost that grows, and never for growth that is only estimated', async () => {
  expect(await causeToUnlink(firing(130), UNLINK, fresh, manifest)).toBeUndefined();
  expect(await causeToUnlink(firing(134), UNLINK, fresh, manifest)).toMatch(/has grown by 4\.00 USD/);
});

it('never unlinks for growth where it is not known whether stop-compute was in force all the time', async () => {
  const known = firing(190);
  const others = vi.fn<Firing['others']>(known.others);
  const unknown = { ...known, others, due: { ...known.due, heldSinceMs: undefined } };
  expect(await causeToUnlink(unknown, UNLINK, fresh, manifest)).toBeUndefined();
  expect(others).not.toHaveBeenCalled();
  expect(await causeToUnlink(known, UNLINK, fresh, manifest)).toMatch(/has grown by 60\.00 USD/);
  const blind = { ...fresh, complete: false };
  expect(await causeToUnlink(unknown, UNLINK, blind, manifest)).toMatch(/^not all of the project/);
});

it('looks up what else the budget pays for only where growth decides', async () => {
  const others = vi.fn<Firing['others']>(() => Promise.resolve({ kind: 'quiet', sinceMs: 0 }));
  const since = (hours: number): Manifest => ({
    ...manifest,
    settling: { sinceMs: NOW_MS - hours * HOUR_MS, amount: 100 },
  });
  expect(await causeToUnlink(firing(130, others), UNLINK, fresh, since(3))).toBeUndefined();
  const blind = { ...fresh, complete: false };
  expect(await causeToUnlink(firing(130, others), UNLINK, blind, since(96))).toMatch(
    /^not all of the project/,
  );
  expect(others).not.toHaveBeenCalled();
  await causeToUnlink(firing(130, others), UNLINK, fresh, since(96));
  expect(others).toHaveBeenCalledOnce();
});

const sinceMs = NOW_MS - 96 * HOUR_MS;
it.each([
  ['after a restore', { grace: { runId: 'r', sinceMs: NOW_MS - 60 * HOUR_MS } }],
  ['under a raised amount', { settling: { ...manifest.settling, sinceMs, amount: 50 } }],
] as const)('waits anew for the cost of what may have run %s and was off when the switch looked', async (_, more) => {
  let stored: Manifest = { ...manifest, ...more };
  const lease = {
    manifest: () => stored,
    update: (change: (before: Manifest) => Manifest) => Promise.resolve((stored = change(stored))),
  } as ProjectLease;
  // Observing says so, and keeps nothing.
  expect(await causeToUnlink(firing(190), UNLINK, fresh, stored)).toBeUndefined();
  expect(stored).toEqual({ ...manifest, ...more });
  expect(await causeToUnlink(firing(190), UNLINK, fresh, stored, lease)).toBeUndefined();
  expect(stored.settling).toEqual({ sinceMs: NOW_MS, amount: 100 });
  stored = { ...stored, settling: { sinceMs: NOW_MS - 25 * HOUR_MS, amount: 100, after: { atMs: NOW_MS - HOUR_MS, cost: 130 } } };
  expect(await causeToUnlink(firing(190), UNLINK, fresh, { ...stored, grace: { runId: 'r', sinceMs: NOW_MS - 60 * HOUR_MS } }, lease)).toMatch(/has grown by 60\.00 USD/);
}); // prettier-ignore

it('a settling time that begins in the year 33658 begins now, and ends', async () => {
  let stored: Manifest = { ...manifest, settling: { sinceMs: 1e15, amount: 100 } };
  const lease = {
    manifest: () => stored,
    update: (change: (before: Manifest) => Manifest) => Promise.resolve((stored = change(stored))),
  } as ProjectLease;
  expect(await causeToUnlink(firing(130), UNLINK, fresh, stored, lease)).toBeUndefined();
  expect(stored.settling).toEqual({ sinceMs: NOW_MS, amount: 100 });
  expect(await causeToUnlink(firing(130), UNLINK, fresh, stored, lease)).toBeUndefined();
  expect(stored.settling?.sinceMs).toBe(NOW_MS);
});

it('names what may have no instances while it waits', async () => {
  const said: string[] = [];
  const waits = firing(130);
  const run = { ...waits.run, log: (_: string, text: string) => void said.push(text) };
  const service = running('cloud-run-service', {
    fate: { kind: 'named', why: 'it serves requests' },
    mayBeIdle: true,
  });
  const settling = { sinceMs: NOW_MS - 3 * HOUR_MS, amount: 100 };
  const found = { ...fresh, running: [service] };
  expect(await causeToUnlink({ ...waits, run }, UNLINK, found, { ...manifest, settling })).toBeUndefined();
  expect(said).toEqual([
    expect.stringMatching(
      /nothing that is known to burn is running; whether these bill now is not known, 1 left burning 1 without a price: .*cloud-run-service .*end it by: stop cloud-run-service/,
    ),
  ]);
});

const STOPPABLE = { fate: { kind: 'stoppable', record: { localSsds: 0, spot: false } } } as const;
const VM = running('vm', STOPPABLE);
const FREE = running('vm', { ...STOPPABLE, resource: `${VM.resource}-free`, cost: nothingBilled('none') });
const KEPT = { ...FREE, resource: `${VM.resource}-kept`, labels: { 'costguard-keep': 'true' } };

it.each([
  ['enforce', [VM], 'what runs at 1 without a price is to be stopped first'],
  ['enforce', [VM, FREE, KEPT], 'what runs at 1 without a price is to be stopped first'],
  ['enforce', [FREE, KEPT], 'of what was seen nothing that burns is running'],
  ['observe', [VM], 'stop-compute would take effect first, on what runs at 1 without a price'],
] as const)(
  'says of a stop that does not show yet what is to be stopped (%s: %#)',
  async (mode, runs, expected) => {
    const said: string[] = [];
    const waits = firing(130);
    const run = { ...waits.run, log: (_: string, text: string) => void said.push(text) };
    const due = { ...waits.due, config: config({ mode }) };
    const item = { kind: 'vm', resource: VM.resource, status: 'planned', localSsds: 0, spot: false } as const;
    const [stop] = manifest.rungs.map((rung) => ({ ...rung, status: 'claimed' as const, items: [item] }));
    const found = {
      ...fresh,
      running: runs,
      ...(mode === 'observe' ? { complete: false, unseen: [OUTAGE] } : {}),
    };
    const held = { ...manifest, rungs: stop === undefined ? [] : [stop] };
    expect(await causeToUnlink({ ...waits, due, run }, UNLINK, found, held)).toBeUndefined();
    expect(said).toEqual([expect.stringContaining(`; ${expected}. The next message or tick looks again`)]);
  },
);
