import { describe, expect, it } from 'vitest';
import { errorOf } from '../../../support/ask-google.ts';
import { useSandbox } from '../../../support/use-sandbox.ts';

const ZONE = 'us-central1-a';
const HOST = 'https://container.googleapis.com/v1/projects/lab/locations';
const POOL = `${HOST}/us-central1/clusters/demo/nodePools/a100`;
const GROUP = `projects/lab/zones/${ZONE}/instanceGroupManagers/gke-demo-a100-grp`;
const COMPUTE = 'https://compute.googleapis.com/compute/v1';

/** What is answered has the types of container:v1 (../../discovery): another answer is a 500 here. */
describe('Google Kubernetes Engine v1', () => {
  const { sandbox, ask } = useSandbox({
    projects: [
      {
        id: 'lab',
        number: '1',
        unreachableLocations: ['asia-east1'],
        instanceGroups: [{ id: 'gke-demo-a100-grp', zone: ZONE, targetSize: 2 }],
        resources: [
          {
            service: 'container',
            path: 'locations/us-central1/clusters/demo',
            body: {
              nodePools: [
                {
                  name: 'a100',
                  autoscaling: { enabled: true, minNodeCount: 1, maxNodeCount: 4 },
                  instanceGroupUrls: [`https://www.googleapis.com/compute/v1/${GROUP}`],
                },
              ],
            },
          },
          { service: 'container', path: 'locations/asia-east1/clusters/far' },
        ],
      },
    ],
  });
  const targetSize = async (): Promise<unknown> =>
    (await ask('GET', `${COMPUTE}/${GROUP}`)).body['targetSize'];

  it('lists the clusters of all locations at once, and the zones that it could not reach', async () => {
    const { body } = await ask('GET', `${HOST}/-/clusters`);
    expect(body['clusters']).toMatchObject([{ name: 'demo', location: 'us-central1', status: 'RUNNING' }]);
    expect(body['missingZones']).toEqual(['asia-east1']);
    expect((await ask('GET', `${HOST}/europe-west4/clusters`)).body['clusters']).toBeUndefined();
  });

  it('sets the size of a pool’s instance group; meanwhile cluster and pool are reconciled', async () => {
    const { body } = await ask('POST', `${POOL}:setSize`, { nodeCount: 0 });
    expect(body).toMatchObject({ operationType: 'SET_NODE_POOL_SIZE', status: 'RUNNING' });
    expect((await ask('GET', POOL)).body['status']).toBe('RECONCILING');
    expect(await targetSize()).toBe(0);
    const second = await ask('POST', `${POOL}:setAutoscaling`, { autoscaling: { enabled: false } });
    expect(errorOf(second)).toBe('400 FAILED_PRECONDITION');
    await sandbox().clock.advance(60_000);
    expect((await ask('GET', POOL)).body['status']).toBe('RUNNING');
  });

  // "If enabled is false, minimum and maximum are ignored": a pool without autoscaling shows none.
  it('turns autoscaling off and on again', async () => {
    await ask('POST', `${POOL}:setAutoscaling`, { autoscaling: { enabled: false } });
    await sandbox().clock.advance(60_000);
    expect((await ask('GET', POOL)).body['autoscaling']).toEqual({});
    const autoscaling = { enabled: true, minNodeCount: 1, maxNodeCount: 4 };
    await ask('POST', `${POOL}:setAutoscaling`, { autoscaling });
    await sandbox().clock.advance(60_000);
    expect((await ask('GET', POOL)).body['autoscaling']).toEqual(autoscaling);
  });

  it.each([
    ['a size below zero', 'setSize', { nodeCount: -1 }],
    ['a size that is no number', 'setSize', { nodeCount: 'two' }],
    ['a field that the request does not have', 'setSize', { nodeCount: 1, size: 1 }],
    ['half a node as a bound', 'setAutoscaling', { autoscaling: { enabled: true, minNodeCount: 0.5 } }],
    ['a location policy that there is not', 'setAutoscaling', { autoscaling: { locationPolicy: 'SPREAD' } }],
  ])('refuses %s', async (_title, verb, body) => {
    const before = await targetSize();
    expect(errorOf(await ask('POST', `${POOL}:${verb}`, body))).toBe('400 INVALID_ARGUMENT');
    expect(await targetSize()).toBe(before);
    expect((await ask('GET', POOL)).body['status']).toBe('RUNNING');
  });

  const CLUSTER = `${HOST}/us-central1/clusters/demo`;
  const LIMITS = [
    { resourceType: 'cpu', minimum: '1', maximum: '100' },
    { resourceType: 'memory', maximum: '1000' },
  ];
  const ON = {
    enableNodeAutoprovisioning: true,
    resourceLimits: LIMITS,
    autoscalingProfile: 'OPTIMIZE_UTILIZATION',
  };
  const update = async (desiredClusterAutoscaling: object) => {
    const answer = await ask('PUT', CLUSTER, { update: { desiredClusterAutoscaling } });
    await sandbox().clock.advance(60_000);
    return answer;
  };

  it.each([true, false])('switches node auto-provisioning off and on; kept: %s', async (keep) => {
    sandbox().clusterUpdates.keep = keep;
    expect((await update(ON)).body).toMatchObject({ operationType: 'UPDATE_CLUSTER', status: 'RUNNING' });
    expect((await update({ enableNodeAutoprovisioning: false })).status).toBe(200);
    expect((await ask('GET', CLUSTER)).body['autoscaling']).toEqual({
      ...(keep ? ON : {}),
      enableNodeAutoprovisioning: false,
    });
    expect((await update({ enableNodeAutoprovisioning: true })).status).toBe(keep ? 200 : 400);
    await update(ON);
    expect((await ask('GET', CLUSTER)).body['autoscaling']).toEqual(ON);
    const { autoscalingProfile } = ON;
    expect((await update({ enableNodeAutoprovisioning: false, resourceLimits: LIMITS })).status).toBe(400);
    expect((await update({ enableNodeAutoprovisioning: false, autoscalingProfile })).status).toBe(200);
  });

  it('updates a cluster only once at a time', async () => {
    const body = { update: { desiredClusterAutoscaling: ON } };
    expect((await ask('PUT', CLUSTER, body)).status).toBe(200);
    expect((await ask('GET', CLUSTER)).body['status']).toBe('RECONCILING');
    expect(errorOf(await ask('PUT', CLUSTER, body))).toBe('400 FAILED_PRECONDITION');
    await sandbox().clock.advance(60_000);
  });

  it.each([POOL.replace('a100', 'cpu'), POOL.replace('demo', 'none')])('does not find %s', async (url) => {
    expect(errorOf(await ask('GET', url))).toBe('404 NOT_FOUND');
  });

  it('needs the permission to update clusters for a change', async () => {
    sandbox().iam.bind({
      member: 'viewer@example.com',
      role: 'viewer',
      permissions: ['container.clusters.get', 'container.clusters.list'],
      on: 'projects/lab',
    });
    expect((await ask('GET', POOL, undefined, 'viewer@example.com')).status).toBe(200);
    const change = await ask('POST', `${POOL}:setSize`, { nodeCount: 1 }, 'viewer@example.com');
    expect(change.status).toBe(403);
  });
});
