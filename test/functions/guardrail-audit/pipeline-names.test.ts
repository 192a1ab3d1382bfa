import { expect, it } from 'vitest';
import { readPipelines } from '../../../functions/guardrail-audit/gather/vertex/pipelines.ts';
import { isRead } from '../../../functions/guardrail-audit/reading.ts';
import { scriptedApi } from '../../support/scripted-api.ts';

const GOOD = 'projects/1/locations/us-central1/pipelineJobs/good';

it.each([
  'projects/1/locations/evil.example?x=/pipelineJobs/1',
  'projects/1/locations/evil.example#/pipelineJobs/1',
  'projects/1/locations/user:pass@evil.example/pipelineJobs/1',
  'projects/1/locations/evil.example/x/pipelineJobs/1',
  'projects/1/locations/us-central1/pipelineJobs/1?alt=media',
  '',
])('a run that is named "%s" is a gap: its name cannot choose the host that gets the token', async (name) => {
  const { api, requested } = scriptedApi(({ target }) =>
    target.endsWith('/pipelineJobs') ? { pipelineJobs: [{ name }, { name: GOOD }] } : { pipelineSpec: {} },
  );
  const look = { api, projectId: 'p', now: new Date(0), digestOf: () => '', failed: () => undefined };
  const runs = await readPipelines(look, ['us-central1']);
  if (!isRead(runs)) throw new Error(runs.why);
  expect(runs.value.map(({ resource }) => resource)).toEqual([GOOD]);
  expect(runs.gaps).toEqual([expect.stringContaining('have another form than documented') as string]);
  expect(requested.map(({ target }) => target)).toEqual([
    'us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/pipelineJobs',
    `us-central1-aiplatform.googleapis.com/v1/${GOOD}`,
  ]);
});
