import * as z from 'zod/mini';
import { stringMap, type StringMap } from '../../google/string-map.ts';
import { textField } from '../../google/read-items.ts';
import { urlOf } from '../../google/vertex/vertex.ts';
import { nothingBilled } from '../cost.ts';
import { complete, named, notEvaluable, stoppableKind, type Listed } from '../define-kind.ts';
import type { Fate, KindName, ResourceKind, Standing, Step } from '../kind.ts';
import { costText } from '../left-burning.ts';
import type { Look } from '../look.ts';
import { regionOfName } from './machine-spec.ts';
import { getVertex, listRegional } from './regional.ts';

/** What every job of Vertex AI has; most have a `displayName` too. */
const common = {
  name: z.string(),
  state: z.optional(z.string()),
  labels: z.optional(stringMap),
  createTime: z.optional(z.string()),
  startTime: z.optional(z.string()),
  endTime: z.optional(z.string()),
};
const jobSchema = z.looseObject({ ...common, displayName: z.optional(z.string()) });

export type VertexJob = z.infer<typeof jobSchema>;

const record = z.object({
  displayName: z.string(),
  state: z.string(),
  /** What to submit again, such as a pipeline's template. */
  source: z.string(),
});

/** States from which no job comes back; CANCELLING ends by itself. */
export const ENDED = /_(?:CANCELLING|CANCELLED|SUCCEEDED|FAILED|EXPIRED|PARTIALLY_SUCCEEDED)$/;

const NAME_FIELD = 'displayName';

const FAILED = /_(?:FAILED|EXPIRED)$/;

/** States in which a job runs or waits to. Source: google.cloud.aiplatform.v1 job_state.proto, pipeline_state.proto. */
export const GOES_ON = /_(?:QUEUED|PENDING|RUNNING|PAUSED|UPDATING)$/;

/** States in which it waits for its machines, although it may have a start already (seen of Vertex AI, 2026-07). */
export const WAITS = /_(?:QUEUED|PENDING)$/;

export interface JobKind<Fields extends z.core.$ZodShape> {
  readonly kind: KindName;
  readonly title: string;
  /** `pipelineJobs` */
  readonly collection: string;
  readonly states: keyof typeof FINAL;
  readonly order: number;
  /** The field that holds its display name, `displayName` unless named: Google refuses a mask with a field that is not there. */
  readonly nameField?: string;
  /** Further fields that it reads. */
  readonly fields: Fields;
  /** Further field masks. */
  readonly mask: readonly string[];
  /** What is this kind's own about a job; `source` is what to submit again. */
  readonly describe: (
    job: VertexJob & z.infer<z.ZodMiniObject<Fields>>,
    now: Date,
  ) => Pick<Listed, 'description' | 'cost'> & Partial<Listed> & { readonly source?: string };
}

/** A kind of jobs: cancelled, which is best effort at Google, and left for its owner to submit again. */
export function jobKind<Fields extends z.core.$ZodShape>(spec: JobKind<Fields>): ResourceKind {
  const { kind, title, collection, states, order, nameField = NAME_FIELD } = spec;
  const own = z.looseObject(spec.fields);
  const whole = z.intersection(jobSchema, own);
  return stoppableKind({
    ...{ kind, title, order, record },
    area: 'Vertex AI',
    permissions: {
      list: ['aiplatform.locations.list', `aiplatform.${collection}.list`],
      stop: [`aiplatform.${collection}.get`, `aiplatform.${collection}.cancel`],
      bringBack: [],
    },
    async list(look) {
      const jobs = await listRegional(look, {
        collection,
        schema: whole,
        fields: [...Object.keys(common), nameField, ...spec.mask].join(','),
        // States that are not known yet are listed.
        filter: notIn(states).join(' AND '),
        filterSince: (createdMs) => notInOrSince(states, createdMs),
        counts: (job) => !ENDED.test(job.state ?? '') || endedLately(look, job, collection) !== undefined,
      });
      for (const job of jobs) tellEnded(look, job, spec);
      return jobs.filter(({ state = '' }) => !ENDED.test(state)).map((job) => listed(look, job, spec));
    },
    stop: (resource) => [cancel(resource, collection)],
    bringBack: (resource, { displayName, source }) => ({
      kind: 'left',
      why: `cancelled jobs do not come back: submit ${displayName === '' ? resource : displayName} again${source === '' ? '' : ` from ${source}`}`,
    }),
  });
}

/** Where a job stays once it has ended. Source: job_state.proto, pipeline_state.proto. */
const FINAL = {
  JOB_STATE: ['SUCCEEDED', 'FAILED', 'CANCELLED', 'EXPIRED', 'PARTIALLY_SUCCEEDED'],
  PIPELINE_STATE: ['SUCCEEDED', 'FAILED', 'CANCELLED'],
} as const;

function notIn(states: keyof typeof FINAL): readonly string[] {
  return FINAL[states].map((state) => `state!="${states}_${state}"`);
}

/** Right whether OR binds closer (AIP-160) or AND does, when it lists more. `create_time` is the one time that a filter takes. */
function notInOrSince(states: keyof typeof FINAL, createdMs: number): string {
  const since = `create_time>="${new Date(createdMs).toISOString()}"`;
  return notIn(states)
    .map((state) => `${state} OR ${since}`)
    .join(' AND ');
}

/** Tells of a job that ended since its collection was last looked at. One that never started held no machines. */
function tellEnded<Fields extends z.core.$ZodShape>(
  look: Look,
  job: VertexJob & z.infer<z.ZodMiniObject<Fields>>,
  spec: JobKind<Fields>,
): void {
  const times = endedLately(look, job, spec.collection);
  if (times === undefined) return;
  look.ended({
    ...complete(spec.kind, listed(look, job, spec)),
    ...times,
    isFailed: FAILED.test(job.state ?? ''),
  });
}

/** When it was started and ended, where that was since its collection was last looked at; milliseconds since the epoch. */
function endedLately(
  look: Look,
  { name, state = '', startTime = '', endTime = '' }: VertexJob,
  collection: string,
): { readonly startedMs: number; readonly endedMs: number } | undefined {
  const [startedMs, endedMs] = [Date.parse(startTime), Date.parse(endTime)];
  const sinceMs = look.endedSince(`${collection} in ${regionOfName(name)}`);
  return sinceMs !== undefined && ENDED.test(state) && endedMs > sinceMs && startedMs < endedMs
    ? { startedMs, endedMs }
    : undefined;
}

function listed<Fields extends z.core.$ZodShape>(
  look: Look,
  job: VertexJob & z.infer<z.ZodMiniObject<Fields>>,
  { describe, collection, nameField = NAME_FIELD }: JobKind<Fields>,
): Listed {
  const { name, state = '', labels = {}, createTime = '' } = job;
  const displayName = textField(job, nameField) ?? '';
  const createdMs = Date.parse(createTime);
  const { source = '', ...described } = describe(job, look.now);
  return {
    resource: name,
    state,
    labels,
    startedBy: startedBy(labels),
    ...(Number.isFinite(createdMs) ? { createdMs } : {}),
    fate: fateOf(look, name, state, { displayName, state, source }),
    command: cancelCommand(look.projectId, name, collection),
    ...described,
    ...(WAITS.test(state) ? waiting(described) : {}),
  };
}

/** A job that waits holds no machines yet, and bills once it runs. */
export function waiting({
  description,
  cost,
}: Pick<Listed, 'description' | 'cost'>): Pick<Listed, 'description' | 'cost' | 'waits'> {
  const waits = `waits for machines; then ${costText(cost)}`;
  return { description: `${description}, ${waits}`, cost: nothingBilled('it bills once it runs'), waits };
}

/** Vertex AI Pipelines labels what a run creates: https://cloud.google.com/vertex-ai/docs/pipelines/understand-pipeline-cost-labels */
export const RUN_LABEL = 'vertex-ai-pipelines-run-billing-id';

function fateOf(look: Look, name: string, state: string, remembered: z.infer<typeof record>): Fate {
  if (GOES_ON.test(state)) return { kind: 'stoppable', record: remembered };
  return ENDED.test(state) ? named('it has ended') : notEvaluable(look, name, state);
}

function startedBy(labels: StringMap): string | undefined {
  const run = labels[RUN_LABEL];
  return run === undefined ? undefined : `pipeline run ${run}`;
}

/** gcloud takes no project number, and names at Vertex AI have that. Most kinds of jobs have no command of their own. */
function cancelCommand(project: string, name: string, collection: string): string {
  const [, , , region = '', , id = ''] = name.split('/');
  return collection === 'customJobs'
    ? `gcloud ai custom-jobs cancel ${id} --region=${region} --project=${project}`
    : `curl -X POST -H "Authorization: Bearer $(gcloud auth print-access-token)" ${urlOf(name)}:cancel`;
}

function cancel(resource: string, collection: string): Step {
  return {
    name: 'cancel',
    async look(api) {
      const { state = '', labels = {} } = await getVertex(api, resource, jobSchema, 'name,state,labels');
      return { state, labels, standing: judgeCancel(resource, collection, state) };
    },
  };
}

/** Whether a job is still to be cancelled. */
export function judgeCancel(resource: string, collection: string, state: string): Standing {
  if (ENDED.test(state)) return { kind: 'done' };
  return {
    kind: 'ready',
    request: {
      call: `aiplatform.${collection}.cancel`,
      method: 'POST',
      url: `${urlOf(resource)}:cancel`,
      body: {},
    },
  };
}
