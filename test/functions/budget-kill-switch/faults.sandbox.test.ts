import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { Fault } from '../../sandbox/http/faults.ts';
import {
  alert,
  budgetScenario,
  changesIn,
  contentOf,
  manifestsIn,
  SMALL_PROJECT,
  stateOf,
  switchPolicy,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';

const scenario = budgetScenario({ projects: [SMALL_PROJECT], regions: ['us-central1'] });
const DUE = alert(1.3);

/** Longer than a claim holds. */
const LATER_MS = 100_000;

const ONCE: readonly Fault[] = [
  ...[403, 404, 409, 412, 429, 500, 503].map((status): Fault => ({ kind: 'status', status })),
  { kind: 'reset' },
  { kind: 'timeout' },
];
/** Only the answer is lost. */
const AFTER: readonly Fault[] = [
  { kind: 'reset', after: true },
  { kind: 'timeout', after: true },
];
const FOR_GOOD: readonly Fault[] = [403, 503].map((status) => ({ kind: 'status', status }));

function titleOf(fault: Fault): string {
  if (fault.kind === 'status') return String(fault.status);
  return `${fault.kind}${'after' in fault && fault.after ? ' after the effect' : ''}`;
}

function passes(fault: Fault): boolean {
  return fault.kind !== 'status' || fault.status === 429 || fault.status >= 500;
}

function endState({ sandbox }: SwitchWorld): object {
  return { state: stateOf(sandbox), changes: changesIn(sandbox), manifests: contentOf(sandbox) };
}

/** Whether the run said, in a line that people look for, that something is missing. */
function said({ lines }: SwitchWorld): boolean {
  return lines.some(
    (line) =>
      typeof line === 'object' &&
      (line['severity'] === 'ERROR' ||
        (line['severity'] === 'WARNING' && line['alert'] === undefined) ||
        String(line['message']).includes('INCOMPLETE')),
  );
}

/** A rung that counts as fired has taken away all that its manifest lists. */
function checkAlways({ sandbox }: SwitchWorld): void {
  for (const { rungs, project } of Object.values(manifestsIn(sandbox)))
    for (const rung of rungs.filter(({ status }) => status === 'done')) {
      assert.ok(rung.items?.every(({ status }) => status === 'done' || status === 'already'));
      const state = JSON.stringify(stateOf(sandbox));
      if (rung.do === 'unlink-billing') assert.equal(sandbox.billing.links.accountOf(project), undefined);
      if (rung.do === 'stop-notebooks') assert.doesNotMatch(state, /"nb-1":\{"state":"ACTIVE"/);
    }
  for (const [change, count] of Object.entries(changesIn(sandbox)))
    assert.ok(count <= 1, `${change}: ${count} times`);
}

async function deliver(world: SwitchWorld): Promise<'acknowledged' | 'failed'> {
  try {
    await world.alert(DUE);
    return 'acknowledged';
  } catch {
    return 'failed';
  }
}

interface Undisturbed {
  readonly rung: string;
  readonly end: object;
  /** What it calls and the rungs before it do not, and the state bucket. */
  readonly calls: readonly { readonly route: string; readonly writes: boolean }[];
}

/** Listings of one service fail alike: the first stands for them. */
function isListed(route: string): boolean {
  return route.endsWith('ist') && !route.startsWith('storage.');
}

function isLike(one: string, other: string): boolean {
  return isListed(one) && one.split('.')[0] === other.split('.')[0];
}

const policyOf = (rung: string): string => switchPolicy({ lines: [`ladder: [{at: 1, do: ${rung}}]`] });

// Each rung alone, one after the other: what it calls is the table, so that new calls are in it by themselves.
const RUNGS: Undisturbed[] = [];
for (const rung of ['notify', 'stop-notebooks', 'stop-compute', 'unlink-billing'])
  await withSwitch({ scenario, policy: policyOf(rung) }, async (world) => {
    await world.alert(DUE);
    const known = RUNGS.flatMap(({ calls }) => calls.map(({ route }) => route));
    const calls = new Map(world.sandbox.callLog.calls().map(({ id, method }) => [id, method !== 'GET']));
    await world.sandbox.clock.advance(LATER_MS);
    RUNGS.push({
      rung,
      end: endState(world),
      calls: [...calls]
        .filter(([route]) => route.startsWith('storage.') || !known.includes(route))
        .filter(
          ([route], index, all) => !isListed(route) || all.findIndex(([one]) => isLike(one, route)) === index,
        )
        .map(([route, writes]) => ({ route, writes })),
    });
  });

for (const { rung, end: undisturbed, calls } of RUNGS)
  describe(`budget-kill-switch on the rung ${rung}`, () => {
    const policy = policyOf(rung);
    const withFault = (fault: Fault, test: (world: SwitchWorld) => Promise<void>): Promise<void> =>
      withSwitch(
        { scenario, policy, ...(fault.kind === 'timeout' ? { attemptTimeoutMs: 1_000 } : {}) },
        test,
      );
    /** Without the fault, the next delivery ends the work. */
    const remedy = async (world: SwitchWorld): Promise<void> => {
      world.sandbox.faults.clear();
      await world.sandbox.clock.advance(LATER_MS);
      assert.equal(await deliver(world), 'acknowledged');
      await world.sandbox.clock.advance(LATER_MS);
      checkAlways(world);
      assert.deepEqual(endState(world), undisturbed);
    };

    it('takes something away when nothing is wrong', () => {
      const { changes } = undisturbed as { changes: object };
      assert.equal(Object.keys(changes).length > 0, rung !== 'notify');
      assert.ok(calls.length >= 3);
    });

    for (const { route, writes } of calls) {
      for (const fault of [...ONCE, ...(writes ? AFTER : [])])
        it(`${route}: ${titleOf(fault)} once`, () =>
          withFault(fault, async (world) => {
            world.sandbox.faults.add({ route, count: 1, fault });
            const outcome = await deliver(world);
            checkAlways(world);
            if (passes(fault)) {
              assert.equal(outcome, 'acknowledged');
              await world.sandbox.clock.advance(LATER_MS);
              assert.deepEqual(endState(world), undisturbed);
            } else {
              if (outcome === 'acknowledged' && !said(world)) {
                await world.sandbox.clock.advance(LATER_MS);
                assert.deepEqual(endState(world), undisturbed);
              }
              await remedy(world);
            }
          }));
      for (const fault of FOR_GOOD)
        it(`${route}: ${titleOf(fault)} for good`, () =>
          withFault(fault, async (world) => {
            world.sandbox.faults.add({ route, fault });
            const outcome = await deliver(world);
            checkAlways(world);
            if (outcome === 'acknowledged' && !said(world)) {
              await world.sandbox.clock.advance(LATER_MS);
              assert.deepEqual(endState(world), undisturbed);
            }
            await remedy(world);
          }));
    }
  });
