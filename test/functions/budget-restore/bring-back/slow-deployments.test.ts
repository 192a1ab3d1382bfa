import { describe, expect, it } from 'vitest';
import type { RestoreAnswer } from '../../../support/budget-lab.ts';
import { MINUTE_MS, RESEARCH, restoreWorld, stateOf } from '../../../support/restore-world.ts';
import { callRestore } from '../../../support/switch-and-restore.ts';

const OPERATION = `projects/${RESEARCH}/locations/us-central1/endpoints/1/operations/1`;

/** While true, what is deployed goes on and does not show. */
let isSlow = false;
/** Looks at an operation that Google answers; the ones after them are answered with `status`. */
let looks = Infinity;
let status = 503;
const lab = restoreWorld(async (request, answer) => {
  if (/^GET .*\/operations\//.test(request)) {
    if (--looks < 0) refuse(status);
    return { name: OPERATION, done: !isSlow };
  }
  const data = await answer();
  if (request.includes(':deployModel')) return { name: OPERATION };
  if (isSlow && /^GET .*\/endpoints\/1(?:\?|$)/.test(request))
    return { ...(data as object), deployedModels: [] };
  return data;
});
const { fake } = lab;

function refuse(code: number): never {
  const data = { error: { code, message: `refused with ${code}` } };
  throw Object.assign(new Error(data.error.message), { response: { status: code, data } });
}

/** Waiting takes its time here. */
const runtime = {
  ...fake.runtime,
  async sleep(milliseconds: number): Promise<void> {
    fake.world.nowMs += milliseconds;
    await fake.runtime.sleep(milliseconds);
  },
};
const restore = (): Promise<RestoreAnswer> => callRestore(runtime, 'POST', lab.request);

const deployments = () => fake.world.changes.filter((change) => change.startsWith('deployModel'));

function endpointOf({ results = [] }: RestoreAnswer) {
  return results.find(({ resource }) => resource.endsWith('/endpoints/1'));
}

describe('models whose deployment takes longer than the request', () => {
  it('are pending, noted in the manifest, and done with a later request without a second copy', async () => {
    const before = await lab.stopResources();
    isSlow = true;
    const begunMs = fake.world.nowMs;
    const first = await restore();
    expect([first.status, first.complete]).toEqual([503, false]);
    expect(endpointOf(first)).toMatchObject({
      outcome: 'pending',
      why: expect.stringMatching(
        /^The deployment of "model-\d" on ".*" was requested and does not show yet$/,
      ) as string,
    });
    expect(fake.world.nowMs - begunMs).toBeLessThan(50 * MINUTE_MS);
    expect(Object.keys(lab.manifest().deployments ?? {})).toHaveLength(2);
    // Its operation goes on, also after the longest time that one is known to take.
    fake.world.nowMs += 60 * MINUTE_MS;
    expect(endpointOf(await restore())).toMatchObject({ outcome: 'pending' });
    isSlow = false;
    const last = await restore();
    expect([last.status, endpointOf(last)?.outcome]).toEqual([200, 'done']);
    expect(deployments()).toHaveLength(2);
    expect(stateOf(lab.project())).toEqual(before);
  });

  it('stay pending after their time where their operation cannot be looked at', async () => {
    looks = Infinity;
    await lab.stopResources();
    isSlow = true;
    await restore();
    fake.world.nowMs += 60 * MINUTE_MS;
    [looks, status] = [0, 503];
    expect(endpointOf(await restore())).toMatchObject({ outcome: 'pending' });
    expect(deployments()).toHaveLength(2);
  });

  it.each([404, 403])(
    'are requested anew after their time where their operation is answered with %i',
    async (refusedWith) => {
      looks = Infinity;
      await lab.stopResources();
      isSlow = true;
      await restore();
      fake.world.nowMs += 60 * MINUTE_MS;
      [looks, status] = [0, refusedWith];
      expect(endpointOf(await restore())).toMatchObject({ outcome: 'pending' });
      expect(deployments().length).toBeGreaterThan(2);
    },
  );
});
