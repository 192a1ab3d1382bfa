import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { Fault } from '../../sandbox/http/faults.ts';
import {
  alert,
  budgetScenario,
  changesIn,
  SMALL_PROJECT,
  stateOf,
  withSwitch,
  type RestoreAnswer,
  type SwitchWorld,
} from '../../support/budget-lab.ts';

const scenario = budgetScenario({ projects: [SMALL_PROJECT] });

/** Long enough for everything that was requested to have happened. */
const LATER_MS = 10 * 60_000;

const FAULTS: readonly Fault[] = [
  ...[403, 404, 409, 412, 429, 500, 503].map((status): Fault => ({ kind: 'status', status })),
  { kind: 'reset' },
  { kind: 'timeout' },
];
/** Only the answer is lost. */
const AFTER: readonly Fault[] = [
  { kind: 'reset', after: true },
  { kind: 'timeout', after: true },
];

function titleOf(fault: Fault): string {
  if (fault.kind === 'status') return String(fault.status);
  return `${fault.kind}${'after' in fault && fault.after ? ' after the effect' : ''}`;
}

/** After the whole ladder; what is logged from here on is the restore's. */
function withLadderFired(
  fault: Fault | undefined,
  test: (world: SwitchWorld) => Promise<void>,
): Promise<void> {
  return withSwitch(
    { scenario, ...(fault?.kind === 'timeout' ? { attemptTimeoutMs: 1_000 } : {}) },
    async (world) => {
      await world.alert(alert(1.3));
      await world.sandbox.clock.advance(LATER_MS);
      world.sandbox.callLog.clear();
      await test(world);
    },
  );
}

interface End {
  readonly state: object;
  readonly changes: object;
}

async function endOf({ sandbox }: SwitchWorld): Promise<End> {
  await sandbox.clock.advance(LATER_MS);
  return { state: stateOf(sandbox), changes: changesIn(sandbox) };
}

function claimsSuccess({ status, complete }: RestoreAnswer): boolean {
  return status === 200 && complete !== false;
}

// What it calls is the table, so that new calls are in it by themselves.
const calls = new Map<string, boolean>();
let undisturbed: End = { state: {}, changes: {} };
await withLadderFired(undefined, async (world) => {
  const answer = await world.restore('POST');
  assert.ok(claimsSuccess(answer), JSON.stringify(answer));
  for (const { id, method } of world.sandbox.callLog.calls()) calls.set(id, method !== 'GET');
  undisturbed = await endOf(world);
});

describe('budget-restore with a fault on each of its calls', () => {
  it('relinks, starts and deploys each thing once when nothing is wrong', () => {
    assert.equal(Object.keys(undisturbed.changes).length, 5);
    assert.ok(Object.values(undisturbed.changes).every((count) => count === 1));
  });

  for (const [route, writes] of calls)
    for (const fault of [...FAULTS, ...(writes ? AFTER : [])])
      it(`${route}: ${titleOf(fault)} once: never success before all is back`, () =>
        withLadderFired(fault, async (world) => {
          world.sandbox.faults.add({ route, count: 1, fault });
          if (claimsSuccess(await world.restore('POST')))
            assert.deepEqual((await endOf(world)).state, undisturbed.state);
          world.sandbox.faults.clear();
          await world.sandbox.clock.advance(LATER_MS);
          const again = await world.restore('POST');
          assert.ok(claimsSuccess(again), JSON.stringify(again));
          assert.deepEqual(await endOf(world), undisturbed);
        }));
});
