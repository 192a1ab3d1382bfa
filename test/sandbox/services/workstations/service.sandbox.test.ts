import { describe, expect, it } from 'vitest';
import { errorOf } from '../../../support/ask-google.ts';
import { useSandbox } from '../../../support/use-sandbox.ts';

const HOST = 'https://workstations.googleapis.com/v1';
const CLUSTERS = 'locations/us-central1/workstationClusters';
const CONFIG = `${CLUSTERS}/main/workstationConfigs/gpu`;
const STATIONS = `${HOST}/projects/lab/${CONFIG}/workstations`;
const station = (id: string, state: string) => ({
  service: 'workstations' as const,
  path: `${CONFIG}/workstations/${id}`,
  body: { state, etag: `etag-${id}` },
});

/** What is answered has the types of workstations:v1 (../../discovery): another answer is a 500 here. */
describe('Cloud Workstations v1', () => {
  const { sandbox, ask } = useSandbox({
    projects: [
      {
        id: 'lab',
        number: '1',
        unreachableLocations: ['asia-east1'],
        resources: [
          { service: 'workstations', path: `${CLUSTERS}/main`, body: { displayName: 'Main' } },
          { service: 'workstations', path: CONFIG, body: { idleTimeout: '1200s' } },
          station('ada', 'STATE_RUNNING'),
          station('eve', 'STATE_STOPPED'),
        ],
      },
    ],
  });
  const state = async (id: string): Promise<unknown> => (await ask('GET', `${STATIONS}/${id}`)).body['state'];

  it('lists the workstations of all locations, clusters and configurations', async () => {
    const all = 'locations/-/workstationClusters/-/workstationConfigs/-/workstations';
    const { body } = await ask('GET', `${HOST}/projects/lab/${all}`);
    expect(body).toEqual({
      workstations: ['ada', 'eve'].map((id) => ({
        name: `projects/lab/${CONFIG}/workstations/${id}`,
        state: id === 'ada' ? 'STATE_RUNNING' : 'STATE_STOPPED',
        etag: `etag-${id}`,
      })),
      unreachable: ['asia-east1'],
    });
  });

  it('lists clusters and configurations each under its own name', async () => {
    const clusters = await ask('GET', `${HOST}/projects/lab/locations/-/workstationClusters`);
    expect(clusters.body['workstationClusters']).toEqual([
      { name: `projects/lab/${CLUSTERS}/main`, displayName: 'Main' },
    ]);
    const configs = await ask('GET', `${HOST}/projects/lab/${CLUSTERS}/main/workstationConfigs`);
    expect(configs.body['workstationConfigs']).toEqual([
      { name: `projects/lab/${CONFIG}`, idleTimeout: '1200s' },
    ]);
  });

  // "If set, validate the request and preview the review, but do not actually apply it" and "the request will be rejected
  // if the latest version of the workstation on the server does not have this ETag": workstations.proto.
  it('changes nothing where it is only to validate, or where the etag is another', async () => {
    expect((await ask('POST', `${STATIONS}/ada:stop`, { validateOnly: true })).status).toBe(200);
    expect(errorOf(await ask('POST', `${STATIONS}/ada:stop`, { etag: 'old' }))).toBe('409 ABORTED');
    expect(await state('ada')).toBe('STATE_RUNNING');
  });

  it('stops and starts a workstation over the states between', async () => {
    const { body } = await ask('POST', `${STATIONS}/ada:stop`, { etag: 'etag-ada' });
    expect(body['name']).toMatch(/^projects\/lab\/locations\/us-central1\/operations\/[^/]+$/);
    expect(await state('ada')).toBe('STATE_STOPPING');
    await sandbox().clock.advance(60_000);
    expect(await state('ada')).toBe('STATE_STOPPED');
    await ask('POST', `${STATIONS}/ada:start`, {});
    expect(await state('ada')).toBe('STATE_STARTING');
    await sandbox().clock.advance(60_000);
    expect(await state('ada')).toBe('STATE_RUNNING');
  });

  it('refuses to stop what is stopped', async () => {
    expect(errorOf(await ask('POST', `${STATIONS}/eve:stop`, {}))).toBe('400 FAILED_PRECONDITION');
  });

  it('has no workstation under another configuration', async () => {
    const elsewhere = `${HOST}/projects/lab/${CONFIG.replace('gpu', 'cpu')}/workstations/ada`;
    expect(errorOf(await ask('GET', elsewhere))).toBe('404 NOT_FOUND');
  });
});
