import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { presentOf } from '../../../sandbox/services/vertex/state.ts';
import {
  alert,
  budgetScenario,
  manifestsIn,
  MODEL_ACCOUNT,
  RUNAWAY,
  RUNAWAY_NUMBER,
  SMALL_PROJECT,
  SWITCH,
  switchPolicy,
  withSwitch,
  type SwitchWorld,
} from '../../../support/budget-lab.ts';
import { BUCKET } from '../../../support/lab.ts';
import { lastReceipt } from '../../../support/observe.ts';

const MINUTE_MS = 60_000;
const scenario = budgetScenario({ projects: [SMALL_PROJECT] });

function endpointIn({ sandbox }: SwitchWorld) {
  const [endpoint] = sandbox.vertex.endpoints.values();
  if (endpoint === undefined) throw new Error('The lab has no endpoint');
  return endpoint;
}

/** Names of the models on the endpoint with their share of the traffic. */
function servedBy(world: SwitchWorld): Readonly<Record<string, number>> {
  const { trafficSplit } = endpointIn(world);
  return Object.fromEntries(
    presentOf(endpointIn(world)).map(({ model }) => [model.displayName ?? '', trafficSplit[model.id] ?? 0]),
  );
}

function deploymentsIn({ sandbox }: SwitchWorld): readonly { deployedModel: Record<string, unknown> }[] {
  return sandbox.callLog
    .calls()
    .filter(({ id }) => id.endsWith('endpoints.deployModel'))
    .map(({ body }) => JSON.parse(body) as { deployedModel: Record<string, unknown> });
}

async function takenAway(
  test: (world: SwitchWorld) => Promise<void>,
  attemptTimeoutMs = 30_000,
): Promise<void> {
  await withSwitch({ scenario, attemptTimeoutMs }, async (world) => {
    await world.alert(alert(1.1));
    await world.sandbox.clock.advance(5 * MINUTE_MS);
    assert.deepEqual(servedBy(world), {});
    await test(world);
  });
}

describe('restoreEndpoint', () => {
  it('sends no id of 19 digits, and gives the traffic to the new ones', () =>
    takenAway(async (world) => {
      const answer = await world.restore('POST');
      assert.equal(answer.status, 200, JSON.stringify(answer));
      assert.deepEqual(servedBy(world), { ranker: 80, 'ranker-next': 20 });
      assert.ok(deploymentsIn(world).every(({ deployedModel }) => !('id' in deployedModel)));
      assert.equal(deploymentsIn(world)[1]?.deployedModel['model']?.toString().endsWith('/5502@3'), true);
    }));

  it('finds a model that a user deployed again by hand, and deploys the other one alone', () =>
    takenAway(async (world) => {
      const item = manifestsIn(world.sandbox)
        [RUNAWAY]?.rungs.flatMap(({ items }) => items ?? [])
        .find(({ kind }) => kind === 'endpoint');
      assert.ok(item?.kind === 'endpoint');
      const [ranker] = SMALL_PROJECT.vertex?.endpoints?.[0]?.deployedModels ?? [];
      assert.ok(ranker !== undefined);
      world.sandbox.vertex.deploy(endpointIn(world).name, { ...ranker, id: '5' }, { '0': 100 });
      await world.sandbox.clock.advance(5 * MINUTE_MS);
      assert.equal((await world.restore('POST')).status, 200);
      assert.equal(deploymentsIn(world).length, 1);
      assert.deepEqual(servedBy(world), { ranker: 80, 'ranker-next': 20 });
    }));

  it('does not deploy a second copy where the answer to the first request was lost', () =>
    takenAway(async (world) => {
      world.sandbox.faults.add({
        route: 'aiplatform*endpoints.deployModel',
        count: 1,
        fault: { kind: 'reset', after: true },
      });
      assert.equal((await world.restore('POST')).status, 200);
      assert.equal(deploymentsIn(world).length, 2);
      assert.equal(presentOf(endpointIn(world)).length, 2);
    }));

  it('says at once what Vertex AI gave up, and deploys that model with the next request', () =>
    takenAway(async (world) => {
      world.sandbox.vertex.failNextDeployment('Machine type g2-standard-8 is out of capacity.');
      const first = await world.restore('POST');
      assert.equal(first.status, 503);
      const line = first.results?.find(({ resource }) => resource.endsWith('/71'));
      assert.match(line?.why ?? '', /gave it up: Machine type g2-standard-8 is out of capacity/);
      assert.deepEqual(servedBy(world), { 'ranker-next': 100 });
      assert.equal((await world.restore('POST')).status, 200);
      assert.deepEqual(servedBy(world), { ranker: 80, 'ranker-next': 20 });
      assert.deepEqual(manifestsIn(world.sandbox)[RUNAWAY]?.deployments, {});
    }));

  it('says in the plan which account keeps a model away and what fixes it, and brings the others back', () =>
    withSwitch({ scenario, policy: switchPolicy({ modelAccounts: [] }) }, async (world) => {
      await world.alert(alert(1.1));
      await world.sandbox.clock.advance(5 * MINUTE_MS);
      const plan = (await world.restore('GET')).plan?.find(({ resource }) => resource.endsWith('/71'));
      assert.deepEqual(plan?.serviceAccounts, [MODEL_ACCOUNT]);
      const fix = `gcloud iam service-accounts add-iam-policy-binding ${MODEL_ACCOUNT}`;
      assert.match(plan.why ?? '', /^ranker would not come back: it runs as ranking@/);
      assert.ok(plan.why?.includes(fix));
      const answer = await world.restore('POST');
      assert.equal(answer.status, 503);
      const line = answer.results?.find(({ resource }) => resource.endsWith('/71'));
      assert.ok(line?.why?.includes('iam.serviceAccounts.actAs') === true && line.why.includes(fix));
      assert.deepEqual(servedBy(world), { 'ranker-next': 100 });
    }));
});

describe('models of a deployment resource pool', () => {
  const POOL = `projects/${RUNAWAY_NUMBER}/locations/us-central1/deploymentResourcePools/shared`;
  const onPool = (id: string, name: string) => ({
    ...{ id, displayName: `${name}-endpoint` },
    deployedModels: [
      {
        ...{ id: `${id}1`, displayName: name, sharedResources: POOL },
        model: `projects/${RUNAWAY_NUMBER}/locations/us-central1/models/55`,
      },
    ],
    trafficSplit: { [`${id}1`]: 100 },
  });
  const pooled = budgetScenario({
    projects: [
      {
        ...{ id: RUNAWAY, number: RUNAWAY_NUMBER },
        vertex: { endpoints: [onPool('71', 'ranker'), onPool('72', 'embedder')] },
        resources: [
          {
            service: 'aiplatform',
            path: 'locations/us-central1/deploymentResourcePools/shared',
            body: {
              dedicatedResources: { machineSpec: { machineType: 'g2-standard-8' }, minReplicaCount: 1 },
            },
          },
        ],
      },
    ],
    regions: ['us-central1'],
  });
  const served = ({ sandbox }: SwitchWorld) =>
    [...sandbox.vertex.endpoints.values()].map((endpoint) =>
      presentOf(endpoint).map(({ model }) => [model.displayName, endpoint.trafficSplit[model.id]]),
    );

  it('are taken off all its endpoints, and deployed on it again; the pool, which goes on billing, is named', () =>
    withSwitch({ scenario: pooled }, async (world) => {
      const before = served(world);
      await world.alert(alert(1.1));
      await world.sandbox.clock.advance(5 * MINUTE_MS);
      assert.deepEqual(served(world), [[], []]);
      const { decisions } = lastReceipt(world.sandbox, BUCKET, SWITCH);
      const left = decisions.find(({ action }) => action === 'stop-compute')?.evidence['leftBurning'];
      assert.deepEqual(
        (left as readonly { resource: string }[]).map(({ resource }) => resource),
        [POOL],
      );
      assert.equal((await world.restore('POST')).status, 200);
      assert.deepEqual(served(world), before);
      assert.deepEqual(
        deploymentsIn(world).map(({ deployedModel }) => deployedModel['sharedResources']),
        [POOL, POOL],
      );
    }));
});
