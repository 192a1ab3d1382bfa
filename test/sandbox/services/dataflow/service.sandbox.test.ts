import { describe, expect, it } from 'vitest';
import { errorOf, type Answer } from '../../../support/ask-google.ts';
import { useSandbox } from '../../../support/use-sandbox.ts';

const LIST = 'https://dataflow.googleapis.com/v1b3/projects/lab/jobs:aggregated';
const job = (id: string, currentState: string, location = 'us-central1') => ({
  service: 'dataflow' as const,
  path: `locations/${location}/jobs/${id}`,
  body: { name: `job-${id}`, type: 'JOB_TYPE_STREAMING', currentState },
});
const ENDED = ['DONE', 'FAILED', 'CANCELLED', 'UPDATED', 'DRAINED'];
const ACTIVE = ['RUNNING', 'PENDING', 'QUEUED', 'DRAINING', 'CANCELLING'];

/** Names and meanings: google/dataflow/v1beta3/jobs.proto, ListJobsRequest and JobState. */
describe('Dataflow v1b3', () => {
  const { ask } = useSandbox({
    projects: [
      {
        id: 'lab',
        number: '1',
        unreachableLocations: ['asia-east1'],
        resources: [
          ...[...ENDED, ...ACTIVE].map((state) => job(state, `JOB_STATE_${state}`)),
          job('europe', 'JOB_STATE_RUNNING', 'europe-west4'),
          job('far', 'JOB_STATE_RUNNING', 'asia-east1'),
        ],
      },
      { id: 'empty', number: '2' },
    ],
  });
  const ids = ({ body }: Answer): readonly string[] =>
    ((body['jobs'] ?? []) as { id: string }[]).map(({ id }) => id);

  it.each([
    ['', [...ENDED, ...ACTIVE, 'europe']],
    ['ALL', [...ENDED, ...ACTIVE, 'europe']],
    ['UNKNOWN', [...ENDED, ...ACTIVE, 'europe']],
    ['ACTIVE', [...ACTIVE, 'europe']],
    ['TERMINATED', ENDED],
  ])('lists the jobs of all regions under the filter "%s"', async (filter, expected) => {
    const answer = await ask('GET', filter === '' ? LIST : `${LIST}?filter=${filter}`);
    expect(ids(answer)).toEqual(expected);
    expect(answer.body['failedLocation']).toEqual([{ name: 'asia-east1' }]);
  });

  it('lists the jobs of a name, with their project and region', async () => {
    const { body } = await ask('GET', `${LIST}?name=job-europe`);
    expect(body['jobs']).toEqual([
      {
        projectId: 'lab',
        location: 'europe-west4',
        id: 'europe',
        name: 'job-europe',
        type: 'JOB_TYPE_STREAMING',
        currentState: 'JOB_STATE_RUNNING',
      },
    ]);
  });

  it('leaves out the list of a project without jobs', async () => {
    expect((await ask('GET', LIST.replace('lab', 'empty'))).body).toEqual({});
  });

  it('refuses a filter that is none of its four', async () => {
    expect(errorOf(await ask('GET', `${LIST}?filter=RUNNING`))).toBe('400 INVALID_ARGUMENT');
  });

  it.each(['view=JOB_VIEW_ALL', 'location=us-central1'])(
    'says that it does not imitate %s rather than ignoring it',
    async (query) => {
      expect((await ask('GET', `${LIST}?${query}`)).status).toBe(501);
    },
  );
});
