import * as z from 'zod/mini';
import { stringMap } from '../../google/string-map.ts';
import { unpriced } from '../../prices/price.ts';
import { nothingBilled } from '../cost.ts';
import { namedKind } from '../define-kind.ts';
import { listEverywhere } from '../everywhere.ts';

/** Source: Batch API v1, resource Job. */
const jobSchema = z.looseObject({
  name: z.string(),
  uid: z.optional(z.string()),
  labels: z.optional(stringMap),
  status: z.optional(z.looseObject({ state: z.optional(z.string()) })),
});

const ENDED: ReadonlySet<string> = new Set([
  'SUCCEEDED', 'FAILED', 'CANCELLED', 'DELETION_IN_PROGRESS', 'CANCELLATION_IN_PROGRESS',
]); // prettier-ignore

/** States before it has any VM (API v1, State of JobStatus); one that it has got since is counted. */
const WAITING: ReadonlySet<string> = new Set(['QUEUED', 'SCHEDULED']);

/**
 * Batch jobs of all locations: named in this release. What the list's filter takes is not documented; a job is deleted 60 days after it
 * ended (https://cloud.google.com/batch/docs/delete-job), so that the list does not grow for good.
 */
export const BATCH_JOBS = namedKind({
  kind: 'batch-job',
  title: 'Batch jobs',
  area: 'Batch jobs',
  permissions: ['batch.jobs.list', 'batch.locations.list'],
  async list(look) {
    const jobs = await listEverywhere(look, {
      base: 'https://batch.googleapis.com/v1',
      path: ['locations', 'jobs'],
      service: 'batch',
      title: 'Batch jobs',
      schema: jobSchema,
    });
    return jobs
      .filter(({ status }) => !ENDED.has(status?.state ?? ''))
      .map(({ name, uid = '', labels = {}, status }) => {
        const [, , , location = '', , id = ''] = name.split('/');
        return {
          resource: name,
          state: status?.state ?? '',
          labels,
          description: `Batch job ${id}`,
          cost: WAITING.has(status?.state ?? '')
            ? nothingBilled('it bills once it runs', 'Batch documentation: job states')
            : unpriced('none of its VMs was seen'),
          fate: { kind: 'named', why: 'a job that ends early does not come back' },
          command: `gcloud batch jobs cancel ${id} --location=${location} --project=${look.projectId}`,
          memberKeys: uid === '' ? [] : [`batch/${uid}`],
        };
      });
  },
});
