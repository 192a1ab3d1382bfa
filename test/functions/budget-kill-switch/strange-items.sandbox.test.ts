import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import {
  alert,
  budgetScenario,
  changesIn,
  manifestsIn,
  RUNAWAY,
  SWITCH,
  withSwitch,
} from '../../support/budget-lab.ts';
import { BUCKET } from '../../support/lab.ts';
import { lastReceipt } from '../../support/observe.ts';

const scenario = budgetScenario();
const ZONE = 'zones/us-central1-a';

/** One item of one listing that is not as documented, what is named for it, and which request must not have been sent. */
const CASES = [
  {
    what: 'notebook',
    route: 'notebooks*instances.list',
    at: ['instances', 0, 'labels'],
    where: /instances\/nb-/,
    path: 'instances[0].labels',
  },
  {
    what: 'VM',
    route: 'compute.instances.aggregatedList',
    at: ['items', ZONE, 'instances', 0, 'labels'],
    where: /./,
    path: `items.${ZONE}.instances[0].labels`,
  },
  {
    what: 'custom job',
    route: 'aiplatform.projects.locations.customJobs.list',
    at: ['customJobs', 0, 'name'],
    where: /Vertex AI customJobs in us-central1/,
    path: 'customJobs[0].name',
  },
  {
    what: 'custom job in a state that is not known',
    route: 'aiplatform.projects.locations.customJobs.list',
    at: ['customJobs', 0, 'state'],
    value: 'JOB_STATE_RESUMING',
    where: /customJobs\/41/,
    path: 'JOB_STATE_RESUMING is none of the states that are known',
  },
  {
    what: 'tuning job without a state',
    route: 'aiplatform.projects.locations.tuningJobs.list',
    at: ['tuningJobs', 0, 'state'],
    value: undefined,
    where: /tuningJobs\/61/,
    path: 'no state is none of the states that are known',
  },
  {
    what: 'notebook in a state that is not known',
    route: 'notebooks*instances.list',
    at: ['instances', 0, 'state'],
    value: 'HIBERNATING',
    where: /instances\/nb-1$/,
    path: 'HIBERNATING is none of the states that are known',
  },
  {
    what: 'endpoint',
    route: 'aiplatform.projects.locations.endpoints.list',
    at: ['endpoints', 1, 'trafficSplit'],
    where: /endpoints\/72/,
    path: 'endpoints[1].trafficSplit',
  },
  {
    what: 'deployed model',
    route: 'aiplatform.projects.locations.endpoints.list',
    at: ['endpoints', 0, 'deployedModels', 1, 'id'],
    where: /endpoints\/71/,
    path: 'deployedModels[1].id',
  },
  {
    what: 'location',
    route: 'aiplatform.projects.locations.list',
    at: ['locations', 0, 'locationId'],
    where: /Vertex AI locations|locations\//,
    path: 'locations[0].locationId',
  },
] as const;

describe('one strange item of a listing', () => {
  for (const { what, route, at, where, path, ...more } of CASES)
    it(`${what}: the others are dealt with, the rung is incomplete at ERROR, and the event is acknowledged`, () =>
      withSwitch({ scenario }, async (world) => {
        const { sandbox } = world;
        const value = 'value' in more ? more.value : 7;
        sandbox.faults.add({ route, fault: { kind: 'field', at, value } });
        // Nothing is thrown: the event is acknowledged.
        await world.alert(alert(1.1));
        const changes = Object.keys(changesIn(sandbox)).join('\n');
        if (!what.startsWith('notebook')) assert.match(changes, /nb-1:stop/);
        assert.match(changes, /vm-ssd-spot\/stop/);
        assert.match(changes, /hyperparameterTuningJobs|sweep|51:cancel/);
        const { incomplete } = lastReceipt(sandbox, BUCKET, SWITCH);
        const named = incomplete.find(({ why }) => why.includes(path));
        assert.ok(named !== undefined, JSON.stringify(incomplete));
        assert.match(named.where, where);
        assert.match(named.why, value === 7 ? /not evaluable: .*it is 7/ : /not evaluable: /);
        const rung = manifestsIn(sandbox)[RUNAWAY]?.rungs.find((one) => one.do === 'stop-compute');
        assert.deepEqual([rung?.status, rung?.complete], ['claimed', false]);
        const errors = world.lines.filter(
          (line) =>
            typeof line === 'object' &&
            line['severity'] === 'ERROR' &&
            String(line['message']).includes('stop-compute is incomplete on'),
        );
        assert.equal(errors.length, 1);
        sandbox.faults.clear();
        await world.alert(alert(1.2));
        assert.equal(
          manifestsIn(sandbox)[RUNAWAY]?.rungs.find((one) => one.do === 'stop-compute')?.status,
          'done',
        );
      }));
});
