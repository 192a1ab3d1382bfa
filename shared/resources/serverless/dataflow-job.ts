import * as z from 'zod/mini';
import { listPages } from '../../google/list-pages.ts';
import { requireListed } from '../../google/parse-answer.ts';
import { noteStrange, readItems } from '../../google/read-items.ts';
import { stringMap } from '../../google/string-map.ts';
import { unpriced } from '../../prices/price.ts';
import { nothingBilled } from '../cost.ts';
import { namedKind, type Listed } from '../define-kind.ts';
import { unreachable, type Look } from '../look.ts';

/** Source: Dataflow API v1b3, resource Job. */
const jobSchema = z.looseObject({
  id: z.string(),
  projectId: z.optional(z.string()),
  name: z.optional(z.string()),
  location: z.optional(z.string()),
  type: z.optional(z.string()),
  currentState: z.optional(z.string()),
  labels: z.optional(stringMap),
});
type Job = z.infer<typeof jobSchema>;

const pageSchema = z.looseObject({
  jobs: z.optional(z.unknown()),
  failedLocation: z.optional(z.array(z.looseObject({ name: z.optional(z.string()) }))),
});

const ENDED = /_(?:DONE|FAILED|CANCELLED|UPDATED|DRAINED|CANCELLING|STOPPED)$/;

/** States before it has any worker (API v1b3, JobState); one that it has got since is counted. */
const WAITING: ReadonlySet<string> = new Set(['JOB_STATE_QUEUED', 'JOB_STATE_PENDING']);

/** Dataflow jobs of all regions, in one list: named in this release. */
export const DATAFLOW_JOBS = namedKind({
  kind: 'dataflow-job',
  title: 'Dataflow jobs',
  area: 'Dataflow jobs',
  permissions: ['dataflow.jobs.list'],
  async list(look) {
    const request = {
      url: `https://dataflow.googleapis.com/v1b3/projects/${look.projectId}/jobs:aggregated`,
      query: { filter: 'ACTIVE', pageSize: 100 },
    };
    const found: Listed[] = [];
    const call = 'dataflow.jobs.aggregated';
    for await (const page of listPages(look.api, call, request, pageSchema)) {
      const { items, strange } = readItems(page.jobs, jobSchema, 'jobs');
      for (const { projectId = look.projectId } of items)
        requireListed(call, look.ofProject, `projects/${projectId}`, `projects/${look.projectId}`);
      noteStrange(look.gap, `projects/${look.projectId} Dataflow jobs`, strange);
      for (const { name = '' } of page.failedLocation ?? [])
        look.gap(unreachable(`projects/${look.projectId} ${name}`, 'Dataflow jobs'));
      found.push(
        ...items.filter(({ currentState = '' }) => !ENDED.test(currentState)).map((job) => listed(look, job)),
      );
    }
    return found;
  },
});

function listed(
  { projectId }: Look,
  { id, name = '', location = '', type, currentState = '', labels = {} }: Job,
): Listed {
  const streaming = type === 'JOB_TYPE_STREAMING';
  return {
    resource: `projects/${projectId}/locations/${location}/jobs/${id}`,
    state: currentState,
    labels,
    description: `${streaming ? 'streaming' : 'batch'} Dataflow job ${name}`,
    cost: WAITING.has(currentState)
      ? nothingBilled('it bills once it runs', 'Dataflow documentation: job states')
      : unpriced('none of its workers was seen'),
    fate: {
      kind: 'named',
      why: streaming
        ? 'a cancelled streaming job does not come back; draining ends it without loss'
        : 'a cancelled job does not come back',
    },
    command: `gcloud dataflow jobs ${streaming ? 'drain' : 'cancel'} ${id} --region=${location} --project=${projectId}`,
    memberKeys: [`dataflow/${id}`, `dataflow/${name}`],
  };
}
