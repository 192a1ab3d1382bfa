import { describe, expect, it } from 'vitest';
import { errorOf } from '../../../support/ask-google.ts';
import { useSandbox } from '../../../support/use-sandbox.ts';

const PROJECT = 'https://tpu.googleapis.com/v2/projects/lab';
const ZONE = `${PROJECT}/locations/us-central1-a`;
const node = (id: string, body: Record<string, unknown>, zone = 'us-central1-a') => ({
  service: 'tpu' as const,
  path: `locations/${zone}/nodes/${id}`,
  body: { acceleratorType: 'v5litepod-8', state: 'READY', ...body },
});

/** What is answered has the types of tpu:v2 (../../discovery): another answer is a 500 here. */
describe('Cloud TPU v2', () => {
  const { sandbox, ask } = useSandbox({
    projects: [
      {
        id: 'lab',
        number: '1',
        unreachableLocations: ['europe-west4-b'],
        resources: [
          node('single', {}),
          node('slice', { networkEndpoints: [{ ipAddress: '10.0.0.1' }, { ipAddress: '10.0.0.2' }] }),
          node('queued', { queuedResource: 'projects/lab/locations/us-central1-a/queuedResources/q' }),
          node('creating', { state: 'CREATING' }),
          node('far', {}, 'europe-west4-b'),
          {
            service: 'tpu',
            path: 'locations/us-central1-a/queuedResources/q',
            body: { state: { state: 'ACTIVE' } },
          },
        ],
      },
      { id: 'unpaid', number: '2', billingAccount: null, resources: [node('single', { state: 'STOPPED' })] },
    ],
  });
  const state = async (id: string): Promise<unknown> =>
    (await ask('GET', `${ZONE}/nodes/${id}`)).body['state'];

  it('lists the nodes of all zones, and names the zones that it could not reach', async () => {
    const { body } = await ask('GET', `${PROJECT}/locations/-/nodes`);
    expect((body['nodes'] as { name: string }[]).map(({ name }) => name)).toEqual(
      ['single', 'slice', 'queued', 'creating'].map(
        (id) => `projects/lab/locations/us-central1-a/nodes/${id}`,
      ),
    );
    expect(body['unreachable']).toEqual(['europe-west4-b']);
  });

  it('stops and starts a node over the states between', async () => {
    const { body } = await ask('POST', `${ZONE}/nodes/single:stop`, {});
    expect(body['name']).toMatch(/^projects\/lab\/locations\/us-central1-a\/operations\/[^/]+$/);
    expect(body['done'] ?? false).toBe(false);
    expect(await state('single')).toBe('STOPPING');
    await sandbox().clock.advance(60_000);
    expect(await state('single')).toBe('STOPPED');
    await ask('POST', `${ZONE}/nodes/single:start`, {});
    expect(await state('single')).toBe('STARTING');
    await sandbox().clock.advance(60_000);
    expect(await state('single')).toBe('READY');
  });

  // cloud.google.com/tpu/docs/managing-tpus-tpu-vm: neither Pod slices nor what a queued resource made can be stopped.
  it.each([
    ['a Pod slice', 'slice', 'stop'],
    ['the node of a queued resource', 'queued', 'stop'],
    ['a node that is not ready yet', 'creating', 'stop'],
    ['a node that runs', 'single', 'start'],
  ])('refuses the change of %s, which stays as it is', async (_title, id, verb) => {
    const before = await state(id);
    expect(errorOf(await ask('POST', `${ZONE}/nodes/${id}:${verb}`, {}))).toBe('400 FAILED_PRECONDITION');
    expect(await state(id)).toBe(before);
  });

  it('starts nothing for a project without billing', async () => {
    const answer = await ask('POST', `${ZONE.replace('lab', 'unpaid')}/nodes/single:start`, {});
    expect(answer.status).toBe(403);
  });

  it('shows a queued resource by its state, which is a message of its own', async () => {
    const { body } = await ask('GET', `${ZONE}/queuedResources/q`);
    expect(body).toEqual({
      name: 'projects/lab/locations/us-central1-a/queuedResources/q',
      state: { state: 'ACTIVE' },
    });
  });

  it('takes no body with its verbs beside an empty one', async () => {
    expect(errorOf(await ask('POST', `${ZONE}/nodes/single:stop`, { force: true }))).toBe(
      '400 INVALID_ARGUMENT',
    );
  });
});
