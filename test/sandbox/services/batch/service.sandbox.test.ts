import { describe, expect, it } from 'vitest';
import { errorOf } from '../../../support/ask-google.ts';
import { useSandbox } from '../../../support/use-sandbox.ts';

const PROJECT = 'https://batch.googleapis.com/v1/projects/lab';
const job = (id: string, location: string, state: string) => ({
  service: 'batch' as const,
  path: `locations/${location}/jobs/${id}`,
  body: { uid: `${id}-1`, status: { state }, createTime: '2026-11-18T10:00:00Z' },
});

/** What is answered has the types of batch:v1 (../../discovery): another answer is a 500 here. */
describe('Batch v1', () => {
  const { ask } = useSandbox({
    projects: [
      {
        id: 'lab',
        number: '1',
        unreachableLocations: ['asia-east1'],
        resources: [
          job('train', 'us-central1', 'RUNNING'),
          job('old', 'europe-west4', 'SUCCEEDED'),
          job('far', 'asia-east1', 'RUNNING'),
        ],
      },
      {
        id: 'strict',
        number: '2',
        refuseWildcard: true,
        resources: [job('train', 'us-central1', 'RUNNING')],
      },
    ],
  });
  const names = (body: Readonly<Record<string, unknown>>): readonly string[] =>
    ((body['jobs'] ?? []) as { name: string }[]).map(({ name }) => name);

  it('lists the jobs of one location or of all, with those it could not reach', async () => {
    const all = await ask('GET', `${PROJECT}/locations/-/jobs`);
    expect(names(all.body)).toEqual([
      'projects/lab/locations/us-central1/jobs/train',
      'projects/lab/locations/europe-west4/jobs/old',
    ]);
    expect(all.body['unreachable']).toEqual(['asia-east1']);
    const one = await ask('GET', `${PROJECT}/locations/europe-west4/jobs`);
    expect(names(one.body)).toEqual(['projects/lab/locations/europe-west4/jobs/old']);
  });

  it('leaves the list out where a location has no jobs', async () => {
    const { status, body } = await ask(
      'GET',
      'https://batch.googleapis.com/v1/projects/strict/locations/europe-west4/jobs',
    );
    expect([status, body]).toEqual([200, {}]);
  });

  it('may refuse the wildcard, as it does in projects that a test makes so', async () => {
    const answer = await ask('GET', 'https://batch.googleapis.com/v1/projects/strict/locations/-/jobs');
    expect(errorOf(answer)).toBe('400 INVALID_ARGUMENT');
  });

  it('names its locations page by page', async () => {
    const first = await ask('GET', `${PROJECT}/locations?pageSize=2`);
    const token = encodeURIComponent(String(first.body['nextPageToken']));
    const second = await ask('GET', `${PROJECT}/locations?pageSize=2&pageToken=${token}`);
    const ids = [first, second].flatMap(({ body }) =>
      (body['locations'] as { name: string; locationId: string }[]).map(({ name, locationId }) => {
        expect(name).toBe(`projects/lab/locations/${locationId}`);
        return locationId;
      }),
    );
    expect(ids).toEqual(['asia-east1', 'europe-west4', 'us-central1']);
    expect(second.body['nextPageToken']).toBeUndefined();
  });

  it.each(['filter=status.state%3DRUNNING', 'orderBy=create_time'])(
    'says that it does not imitate %s rather than ignoring it',
    async (query) => {
      expect((await ask('GET', `${PROJECT}/locations/-/jobs?${query}`)).status).toBe(501);
    },
  );

  it('refuses a parameter that the method does not have', async () => {
    expect(errorOf(await ask('GET', `${PROJECT}/locations/-/jobs?state=RUNNING`))).toBe(
      '400 INVALID_ARGUMENT',
    );
  });
});
