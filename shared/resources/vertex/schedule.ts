import * as z from 'zod/mini';
import { stringMap } from '../../google/string-map.ts';
import { nothingBilled } from '../cost.ts';
import { urlOf } from '../../google/vertex/vertex.ts';
import { stoppableKind, type Listed } from '../define-kind.ts';
import type { Standing, Step } from '../kind.ts';
import { startedAt } from '../started-at.ts';
import { unknownState } from '../state-step.ts';
import { getVertex, listRegional } from './regional.ts';

const scheduleSchema = z.looseObject({
  name: z.string(),
  displayName: z.optional(z.string()),
  state: z.optional(z.string()),
  cron: z.optional(z.string()),
  createTime: z.optional(z.string()),
  lastResumeTime: z.optional(z.string()),
  /** A schedule has no labels; the runs that it starts have. */
  createPipelineJobRequest: z.optional(
    z.looseObject({ pipelineJob: z.optional(z.looseObject({ labels: z.optional(stringMap) })) }),
  ),
  createNotebookExecutionJobRequest: z.optional(
    z.looseObject({ notebookExecutionJob: z.optional(z.looseObject({ labels: z.optional(stringMap) })) }),
  ),
});
type Schedule = z.infer<typeof scheduleSchema>;

const FIELDS =
  'name,displayName,state,cron,createTime,lastResumeTime,createPipelineJobRequest/pipelineJob/labels,createNotebookExecutionJobRequest/notebookExecutionJob/labels';
const record = z.object({ displayName: z.string() });
const CHANGE = ['aiplatform.schedules.get', 'aiplatform.schedules.update'];

/** Schedules of Vertex AI: they start pipelines and notebook runs; paused first of all, and resumed. */
export const SCHEDULES = stoppableKind({
  kind: 'schedule',
  title: 'schedules of Vertex AI',
  area: 'Vertex AI',
  permissions: {
    list: ['aiplatform.locations.list', 'aiplatform.schedules.list'],
    // There is no permission of the verbs' own names.
    stop: CHANGE,
    bringBack: CHANGE,
  },
  order: 10,
  record,
  async list(look) {
    const schedules = await listRegional(look, {
      collection: 'schedules',
      schema: scheduleSchema,
      fields: FIELDS,
      filter: 'state="ACTIVE"',
    });
    return schedules.filter(({ state }) => state !== 'PAUSED' && state !== 'COMPLETED').map(listed);
  },
  stop: (resource) => [step('pause', resource, judgePause)],
  // Runs that were missed are not made up for.
  bringBack: (resource) => ({ kind: 'steps', steps: [step('resume', resource, judgeResume)] }),
});

function listed(schedule: Schedule): Listed {
  const { name, displayName = '', state = '', cron = '' } = schedule;
  return {
    resource: name,
    state,
    description: `schedule ${displayName === '' ? name : displayName}${cron === '' ? '' : `, ${cron}`}`,
    labels: labelsOf(schedule),
    cost: nothingBilled('what it starts bills'),
    fate: { kind: 'stoppable', record: { displayName } },
    command: `curl -X POST -H "Authorization: Bearer $(gcloud auth print-access-token)" ${urlOf(name)}:pause`,
  };
}

/** It starts either pipelines or runs of a notebook. */
function labelsOf(schedule: Schedule): Readonly<Record<string, string>> {
  const { createPipelineJobRequest: pipeline, createNotebookExecutionJobRequest: notebook } = schedule;
  return { ...pipeline?.pipelineJob?.labels, ...notebook?.notebookExecutionJob?.labels };
}

function step(name: 'pause' | 'resume', resource: string, judge: typeof judgePause): Step {
  return {
    name,
    async look(api) {
      const schedule = await getVertex(api, resource, scheduleSchema, FIELDS);
      const { state = '', createTime, lastResumeTime } = schedule;
      const standing = judge(resource, state);
      return { state, labels: labelsOf(schedule), standing, ...startedAt(createTime, lastResumeTime) };
    },
  };
}

export function judgePause(resource: string, state: string): Standing {
  if (state === 'PAUSED' || state === 'COMPLETED') return { kind: 'done' };
  const url = `${urlOf(resource)}:pause`;
  return { kind: 'ready', request: { call: 'aiplatform.schedules.pause', method: 'POST', url, body: {} } };
}

export function judgeResume(resource: string, state: string): Standing {
  if (state === 'ACTIVE') return { kind: 'done' };
  if (state === 'COMPLETED') return { kind: 'refused', why: 'it has come to its end meanwhile' };
  if (state !== 'PAUSED') return { kind: 'in-transit', why: unknownState(state) };
  const url = `${urlOf(resource)}:resume`;
  const body = { catchUp: false };
  return { kind: 'ready', request: { call: 'aiplatform.schedules.resume', method: 'POST', url, body } };
}
