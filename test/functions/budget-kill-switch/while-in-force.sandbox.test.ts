import { describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  alert,
  BUDGET,
  budgetScenario,
  changesIn,
  labBudget,
  manifestsIn,
  PERIOD,
  RUNAWAY,
  SMALL_PROJECT,
  stateOf,
  switchPolicy,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';
import { messagesOf } from '../../support/observe.ts';

const MINUTE_MS = 60_000;
const TICK = { text: '{}', attributes: {} };
const REGIONS = ['us-central1'];
const VM = `projects/${RUNAWAY}/zones/us-central1-a/instances/vm-1`;
const OTHER_BUDGET = `${ACCOUNT}/budgets/99991111-2222-3333-4444-555555555555`;
const OTHER = { ...SMALL_PROJECT, id: 'ml-other', number: '100000000009', notebooks: [], vertex: {} };
const scenario = budgetScenario({ projects: [SMALL_PROJECT], regions: REGIONS });

const minutes = ({ sandbox }: SwitchWorld, count = 10): Promise<void> =>
  sandbox.clock.advance(count * MINUTE_MS);
const vmIn = ({ sandbox }: SwitchWorld, project = RUNAWAY) =>
  sandbox.fleet.vms.get(VM.replace(RUNAWAY, project))?.status;

describe('while a rung is in force', () => {
  it('a project that its budget names from now on is stopped by the next tick', () =>
    withSwitch(
      {
        scenario: budgetScenario({ projects: [SMALL_PROJECT, OTHER], regions: REGIONS }),
        policy: switchPolicy({ scope: [`projects/${RUNAWAY}`, 'projects/ml-other'] }),
      },
      async (world) => {
        await world.alert(alert(1.01));
        await minutes(world);
        await world.alert(TICK);
        expect(vmIn(world, 'ml-other')).toBe('RUNNING');
        const projects = [SMALL_PROJECT.number, OTHER.number].map((number) => `projects/${number}`);
        world.sandbox.billing.budgets.update(
          { name: BUDGET, budgetFilter: { projects, calendarPeriod: 'MONTH' } },
          'budgetFilter',
        );
        await world.alert(TICK);
        await minutes(world);
        expect(vmIn(world, 'ml-other')).toBe('TERMINATED');
        expect(changesIn(world.sandbox)['instances.stop vm-1/stop']).toBe(2);
      },
    ));

  it('what runs under an API that is enabled meanwhile is stopped by the next tick', () =>
    withSwitch(
      { scenario: budgetScenario({ projects: [{ ...SMALL_PROJECT, vertex: { customJobs: SMALL_PROJECT.vertex?.customJobs ?? [] } }], regions: REGIONS }) },
      async (world) => {
        const { sandbox } = world;
        const message = `Vertex AI API has not been used in project ${RUNAWAY} before or it is disabled.`;
        sandbox.faults.add({ route: 'aiplatform.*', fault: { kind: 'status', status: 403, message, reason: 'SERVICE_DISABLED' } });
        await world.alert(alert(1.01));
        const rungs = () => manifestsIn(sandbox)[RUNAWAY]?.rungs.map((rung) => `${rung.do} ${rung.status}`);
        expect(rungs()).toEqual(['stop-notebooks done', 'stop-compute done']);
        sandbox.faults.clear();
        await minutes(world);
        await world.alert(TICK);
        expect(stateOf(sandbox)['customJobs/41']).toMatch(/_CANCELL/);
        expect(messagesOf(world.lines, 'ERROR')).toEqual([]);
      },
    )); // prettier-ignore

  it('a keep label that what came back carries by now leaves it running, named with each look', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await minutes(world);
      Object.assign(sandbox.fleet.vms.get(VM)?.labels ?? {}, { 'costguard-keep': 'true' });
      sandbox.fleet.startVm(VM);
      await minutes(world);
      for (let looks = 0; looks < 2; looks++) await world.alert(TICK);
      expect(vmIn(world)).toBe('RUNNING');
      const said = messagesOf(world.lines, 'WARNING').filter((text) => /1 left burning .*vm-1/.test(text));
      expect(said).toHaveLength(2);
      expect((await world.restore('POST')).results?.find(({ resource }) => resource === VM)?.outcome).toBe(
        'already',
      );
    }));

  it('a grace of hours that is over ends with the next tick', () =>
    withSwitch({ scenario }, async (world) => {
      await world.alert(alert(1.01));
      await minutes(world);
      await world.restore('POST', { budget: BUDGET, period: PERIOD, grace: '1h' });
      await minutes(world, 50);
      await world.alert(TICK);
      expect(vmIn(world)).toBe('RUNNING');
      await minutes(world, 11);
      await world.alert(TICK);
      await minutes(world, 1);
      expect(vmIn(world)).toBe('TERMINATED');
    }));

  it('a second budget holds the same project by itself: the restore of one is no grace of the other', () =>
    withSwitch(
      {
        scenario: budgetScenario({
          projects: [SMALL_PROJECT],
          regions: REGIONS,
          budgets: [labBudget(), labBudget({ name: OTHER_BUDGET, displayName: 'quarter' })],
        }),
        policy: switchPolicy({ allow: [BUDGET, OTHER_BUDGET] }),
      },
      async (world) => {
        const { sandbox } = world;
        await world.alert(alert(1.01));
        await world.alert(alert(1.02, { budget: OTHER_BUDGET }));
        expect(changesIn(sandbox)['instances.stop vm-1/stop']).toBe(1);
        await minutes(world);
        expect((await world.restore('POST')).status).toBe(200);
        await minutes(world);
        await world.alert(TICK);
        await minutes(world, 1);
        expect(vmIn(world)).toBe('TERMINATED');
        expect((await world.restore('POST', { budget: OTHER_BUDGET, period: PERIOD })).status).toBe(200);
        await minutes(world);
        await world.alert(TICK);
        expect([vmIn(world), changesIn(sandbox)['instances.stop vm-1/stop']]).toEqual(['RUNNING', 2]);
      },
    ));
});
