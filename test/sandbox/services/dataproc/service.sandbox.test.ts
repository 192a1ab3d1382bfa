import { describe, expect, it } from 'vitest';
import { errorOf } from '../../../support/ask-google.ts';
import { useSandbox } from '../../../support/use-sandbox.ts';

const CLUSTERS = 'https://dataproc.googleapis.com/v1/projects/lab/regions/us-central1/clusters';
const cluster = (name: string, state: string, config: Record<string, unknown> = {}) => ({
  service: 'dataproc' as const,
  path: `regions/us-central1/clusters/${name}`,
  body: { clusterUuid: `uuid-${name}`, status: { state }, config },
});

/** What is answered has the types of dataproc:v1 (../../discovery): another answer is a 500 here. */
describe('Dataproc v1', () => {
  const { sandbox, ask } = useSandbox({
    projects: [
      {
        id: 'lab',
        number: '1',
        resources: [
          cluster('spark', 'RUNNING'),
          cluster('ssd', 'RUNNING', { workerConfig: { diskConfig: { numLocalSsds: 1 } } }),
          cluster('secondary', 'RUNNING', { secondaryWorkerConfig: { numInstances: 2 } }),
          cluster('failed', 'ERROR'),
          cluster('making', 'CREATING'),
        ],
      },
    ],
  });
  const state = async (name: string): Promise<unknown> =>
    ((await ask('GET', `${CLUSTERS}/${name}`)).body['status'] as { state: string }).state;

  it('names a cluster by project and name, in the field that a resource name has elsewhere', async () => {
    expect((await ask('GET', `${CLUSTERS}/spark`)).body).toEqual({
      projectId: 'lab',
      clusterName: 'spark',
      clusterUuid: 'uuid-spark',
      status: { state: 'RUNNING' },
      config: {},
    });
  });

  it('has no list over all regions', async () => {
    expect(errorOf(await ask('GET', CLUSTERS.replace('us-central1', '-')))).toBe('400 INVALID_ARGUMENT');
  });

  it('stops and starts a cluster over the states between', async () => {
    const { body } = await ask('POST', `${CLUSTERS}/spark:stop`, { clusterUuid: 'uuid-spark' });
    expect(body['name']).toMatch(/^projects\/lab\/regions\/us-central1\/operations\/[^/]+$/);
    expect(await state('spark')).toBe('STOPPING');
    await sandbox().clock.advance(60_000);
    expect(await state('spark')).toBe('STOPPED');
    await ask('POST', `${CLUSTERS}/spark:start`, {});
    expect(await state('spark')).toBe('STARTING');
    await sandbox().clock.advance(60_000);
    expect(await state('spark')).toBe('RUNNING');
  });

  it('stops a cluster in ERROR', async () => {
    expect((await ask('POST', `${CLUSTERS}/failed:stop`, {})).status).toBe(200);
  });

  // cloud.google.com/dataproc/docs/guides/dataproc-start-stop, "Limitations".
  it.each([
    ['with local SSDs', 'ssd', 'stop'],
    ['with secondary workers', 'secondary', 'stop'],
    ['that is being made', 'making', 'stop'],
    ['that runs', 'secondary', 'start'],
  ])('refuses the change of a cluster %s, which stays as it is', async (_title, name, verb) => {
    const before = await state(name);
    expect(errorOf(await ask('POST', `${CLUSTERS}/${name}:${verb}`, {}))).toBe('400 FAILED_PRECONDITION');
    expect(await state(name)).toBe(before);
  });

  // "Specifying the cluster_uuid means the RPC will fail (with error NOT_FOUND) if a cluster with the specified UUID does
  // not exist": google/cloud/dataproc/v1/clusters.proto.
  it.each(['stop', 'start'])('does not %s a new cluster of an old one’s name', async (verb) => {
    const before = await state('secondary');
    const answer = await ask('POST', `${CLUSTERS}/secondary:${verb}`, { clusterUuid: 'uuid-gone' });
    expect(errorOf(answer)).toBe('404 NOT_FOUND');
    expect(await state('secondary')).toBe(before);
  });

  it('says that it does not imitate a filter or request ids rather than ignoring them', async () => {
    expect((await ask('GET', `${CLUSTERS}?filter=status.state%20%3D%20ACTIVE`)).status).toBe(501);
    expect((await ask('POST', `${CLUSTERS}/ssd:stop`, { requestId: 'r-1' })).status).toBe(501);
  });
});
