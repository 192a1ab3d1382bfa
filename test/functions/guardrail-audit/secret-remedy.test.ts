import { describe, expect, it } from 'vitest';
import { changeOf } from '../../../functions/guardrail-audit/checks/secret-remedy.ts';

const FUNCTION = 'projects/ml-lab/locations/us-central1/functions/ingest';
const IN_REGION = 'gcloud functions deploy ingest --region=us-central1 --source=SOURCE_FOLDER';

describe('the command that takes a credential out of its place', () => {
  it.each([
    [
      FUNCTION,
      'env/TOKEN',
      `${IN_REGION} --remove-env-vars=TOKEN --update-secrets=TOKEN=SECRET_NAME:latest --project=ml-lab`,
    ],
    [
      FUNCTION,
      'env/hub/token',
      `${IN_REGION} --remove-env-vars=hub/token --update-secrets=hub/token=SECRET_NAME:latest --project=ml-lab`,
    ],
    [FUNCTION, 'build-env/TOKEN', `${IN_REGION} --remove-build-env-vars=TOKEN --project=ml-lab`],
    [
      FUNCTION,
      "env/it's",
      `${IN_REGION} --remove-env-vars='it'\\''s' --update-secrets='it'\\''s=SECRET_NAME:latest' --project=ml-lab`,
    ],
    [
      'projects/ml-lab',
      'project-metadata/startup-script',
      'gcloud compute project-info remove-metadata --keys=startup-script --project=ml-lab',
    ],
  ])('of %s at %s', (resource, place, command) => {
    expect(changeOf(resource, place, 'ml-lab')).toEqual([command]);
  });

  it.each(['args', 'executors/exec-train/env/TOKEN'])('is none at %s of a job that is over', (place) => {
    expect(changeOf('projects/ml-lab/locations/us-central1/pipelineJobs/1', place, 'ml-lab')).toEqual([]);
  });
});
