import { describe, expect, it } from 'vitest';
import {
  alert,
  budgetScenario,
  changesIn,
  manifestsIn,
  RESTORE,
  RUNAWAY,
  SMALL_PROJECT,
  withSwitch,
  type SwitchWorld,
} from '../../../support/budget-lab.ts';
import { BUCKET } from '../../../support/lab.ts';
import { lastReceipt } from '../../../support/observe.ts';

const MINUTE_MS = 60_000;
const VM = `projects/${RUNAWAY}/zones/us-central1-a/instances/vm-1`;
const NOTEBOOK = `projects/${RUNAWAY}/locations/us-central1-a/instances/nb-1`;
const START_VM = 'instances.start vm-1/start';
const START_NOTEBOOK = 'instances.start nb-1:start';

interface Machine {
  readonly stockout?: true | 'counts-as-start';
  readonly startMinutes?: number;
}

/** A VM and a notebook that the switch has stopped minutes ago. */
function stopped(machine: Machine, test: (world: SwitchWorld) => Promise<void>): Promise<void> {
  const { notebooks = [], vms = [] } = SMALL_PROJECT;
  const project = {
    ...SMALL_PROJECT,
    notebooks: notebooks.map((one) => ({ ...one, ...machine })),
    vms: vms.map((one) => ({ ...one, ...machine })),
    vertex: {},
  };
  return withSwitch({ scenario: budgetScenario({ projects: [project] }) }, async (world) => {
    await world.alert(alert(1.1));
    await world.sandbox.clock.advance(10 * MINUTE_MS);
    world.sandbox.callLog.clear();
    await test(world);
  });
}

const statesIn = ({ sandbox: { fleet } }: SwitchWorld) => [
  fleet.vms.get(VM)?.status,
  fleet.notebooks.get(NOTEBOOK)?.state,
];

function refill({ sandbox: { fleet } }: SwitchWorld): void {
  for (const vm of [fleet.vms.get(VM), fleet.notebooks.get(NOTEBOOK)?.vm])
    if (vm !== undefined) vm.seed.stockout = false;
}

describe('a restore', () => {
  it('succeeds when machines run, not when they are on their way', () =>
    stopped({}, async (world) => {
      const answer = await world.restore('POST');
      expect([answer.status, ...statesIn(world)]).toEqual([200, 'RUNNING', 'ACTIVE']);
      expect(answer.results?.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    }));

  for (const stockout of [true, 'counts-as-start'] as const)
    it(`fails with Google's reason for a machine that finds no capacity, and tries again with the next request (last start: ${stockout === true ? 'stays' : 'the attempt'})`, () =>
      stopped({ stockout }, async (world) => {
        const first = await world.restore('POST');
        expect([first.status, first.complete, ...statesIn(world)]).toEqual([
          503,
          false,
          'TERMINATED',
          'STOPPED',
        ]);
        for (const { outcome, why = '' } of first.results ?? []) {
          expect(outcome).toBe('failed');
          expect(why).toMatch(
            /it was started and is (?:TERMINATED|STOPPED) again: .*not have enough resources/,
          );
        }
        expect(lastReceipt(world.sandbox, BUCKET, RESTORE).failures).toHaveLength(2);
        refill(world);
        const second = await world.restore('POST');
        expect([second.status, ...statesIn(world)]).toEqual([200, 'RUNNING', 'ACTIVE']);
        expect(changesIn(world.sandbox)).toMatchObject({ [START_VM]: 2, [START_NOTEBOOK]: 2 });
        expect(manifestsIn(world.sandbox)[RUNAWAY]?.starts).toEqual({});
      }));

  it('says pending for what takes longer than a request may wait, and looks at it again without another start', () =>
    stopped({ startMinutes: 25 }, async (world) => {
      const first = await world.restore('POST');
      expect([first.status, first.complete]).toEqual([503, false]);
      expect(first.results?.map(({ outcome }) => outcome)).toEqual(['pending', 'pending']);
      expect(lastReceipt(world.sandbox, BUCKET, RESTORE).incomplete.map(({ why }) => why)).toEqual([
        'it is STARTING',
        'it is STAGING',
      ]);
      const second = await world.restore('POST');
      expect(second.results?.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
      expect([second.status, ...statesIn(world)]).toEqual([200, 'RUNNING', 'ACTIVE']);
      expect(changesIn(world.sandbox)).toMatchObject({ [START_VM]: 1, [START_NOTEBOOK]: 1 });
    }));

  it('leaves a VM alone that an operator suspended meanwhile: it has a memory of its own that a start would lose', () =>
    stopped({}, async (world) => {
      const vm = world.sandbox.fleet.vms.get(VM);
      if (vm === undefined) throw new Error('The lab has no VM');
      vm.status = 'SUSPENDED';
      const answer = await world.restore('POST');
      expect(answer.results?.find(({ resource }) => resource === VM)).toMatchObject({
        outcome: 'left',
        why: 'it has been suspended meanwhile',
      });
      expect([answer.status, changesIn(world.sandbox)[START_VM]]).toEqual([200, undefined]);
    }));

  it('leaves alone what an operator started, and stopped again after the restore had started it', () =>
    stopped({ startMinutes: 25 }, async (world) => {
      const { sandbox } = world;
      await world.restore('POST');
      await sandbox.clock.advance(15 * MINUTE_MS);
      sandbox.fleet.stopVm(VM);
      await sandbox.clock.advance(5 * MINUTE_MS);
      const answer = await world.restore('POST');
      expect(answer.results?.find(({ resource }) => resource === VM)).toMatchObject({
        outcome: 'left',
        why: 'it was started by the restore and stopped again since',
      });
      expect(changesIn(sandbox)[START_VM]).toBe(1);
    }));
});
