import { expect, it } from 'vitest';
import { awaitDeployment } from '../../../../functions/budget-restore/bring-back/await-deployment.ts';
import { scriptedApi } from '../../../support/scripted-api.ts';

const ENDPOINT = 'projects/demo/locations/us-central1/endpoints/1';
const OPERATION = `${ENDPOINT}/operations/1`;
const MODEL = { id: '1', model: 'projects/demo/locations/us-central1/models/m', displayName: 'm' };
const MINUTE_MS = 60_000;
const NOW_MS = 100 * MINUTE_MS;

/** Requested so long ago; its operation is answered so, the last answer again and again. A number is the status of a refusal. */
function outcome(minutes: number, ...answers: readonly (object | number)[]): Promise<object> {
  const left = [...answers];
  const { api } = scriptedApi(({ target }) => {
    if (!target.includes('/operations/')) return { name: ENDPOINT, deployedModels: [] };
    const answer = (left.length > 1 ? left.shift() : left[0]) ?? {};
    if (typeof answer === 'object') return { name: OPERATION, ...answer };
    const data = { error: { code: answer, message: 'refused' } };
    throw Object.assign(new Error('refused'), { response: { status: answer, data } });
  });
  return awaitDeployment(
    { api, pause: async () => undefined, runtime: { now: () => new Date(NOW_MS) } },
    { resource: ENDPOINT, models: [MODEL] },
    MODEL,
    { atMs: NOW_MS - minutes * MINUTE_MS, operation: OPERATION },
  );
}

it.each<[string, number, (object | number)[], string]>([
  ['goes on where its operation does', 60, [{ done: false }], 'goes-on'],
  ['goes on where its operation cannot be looked at', 60, [503], 'goes-on'],
  ['goes on where its operation did, and cannot be looked at any more', 39, [{ done: false }, 503], 'goes-on'],
  ['goes on where its operation did, and may not be looked at any more', 39, [{ done: false }, 403], 'goes-on'],
  ['is late where its operation may not be looked at', 60, [403], 'late'],
  ['is late where its operation is not there any more', 39, [{ done: false }, 404], 'late'],
  ['is late where its operation has ended', 39, [{ done: false }, { done: true }], 'late'],
  ['has failed where its operation has', 10, [503, { done: true, error: { message: 'no' } }], 'failed'],
])('a deployment whose time is over %s', async (_, minutes, answers, kind) => {
  expect(await outcome(minutes, ...answers)).toMatchObject({ kind });
}); // prettier-ignore
