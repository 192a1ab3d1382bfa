import { describe, expect, it } from 'vitest';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import type { ResourceKind, Step } from '../../../shared/resources/kind.ts';
import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import { scriptedApi, type SentRequest } from '../../support/scripted-api.ts';

type Body = Readonly<Record<string, unknown>>;

/** What a kind looks at, and what Google answers about it, by the end of the path. */
interface Row {
  readonly kind: ResourceKind['kind'];
  readonly resource: string;
  readonly record: object;
  readonly answers: Readonly<Record<string, Body>>;
}

const PLACE = 'projects/p/locations/us-central1';
const COMPUTE = 'https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-a';
const GROUP = 'projects/p/zones/us-central1-a/instanceGroupManagers/g';
const VM = { id: '1', name: 'vm', status: 'RUNNING', selfLink: `${COMPUTE}/instances/vm` };
const GROUP_BODY = {
  name: 'g',
  targetSize: 2,
  selfLink: `${COMPUTE}/instanceGroupManagers/g`,
  status: { isStable: true },
};
const WORKSTATION = `${PLACE}/workstationClusters/c/workstationConfigs/k/workstations/ws`;

const atVertex = (kind: Row['kind'], collection: string, body: Body, record: object): Row => ({
  ...{ kind, record, resource: `${PLACE}/${collection}/1` },
  answers: { [`${collection}/1`]: { name: `${PLACE}/${collection}/1`, ...body } },
});
const JOB = { displayName: 'job', state: 'JOB_STATE_RUNNING', source: '' };

const ROWS: readonly Row[] = [
  {
    kind: 'vm',
    resource: 'projects/p/zones/us-central1-a/instances/vm',
    record: { localSsds: 0, spot: false },
    answers: { 'instances/vm': VM },
  },
  {
    kind: 'notebook',
    resource: `${PLACE}-a/instances/nb`,
    record: {},
    answers: {
      'instances/nb': { name: `${PLACE}-a/instances/nb`, state: 'ACTIVE', gceSetup: { instanceId: '1' } },
      // By its id.
      'instances/1': VM,
    },
  },
  {
    kind: 'workstation',
    resource: WORKSTATION,
    record: {},
    answers: { 'workstations/ws': { name: WORKSTATION, state: 'STATE_RUNNING' } },
  },
  {
    kind: 'tpu',
    resource: `${PLACE}-a/nodes/t`,
    record: { acceleratorType: 'v5litepod-8' },
    answers: { 'nodes/t': { name: `${PLACE}-a/nodes/t`, state: 'READY' } },
  },
  {
    kind: 'dataproc-cluster',
    resource: 'projects/p/regions/us-central1/clusters/spark',
    record: { clusterUuid: 'u' },
    answers: { 'clusters/spark': { projectId: 'p', clusterName: 'spark', status: { state: 'RUNNING' } } },
  },
  {
    kind: 'node-pool',
    resource: `${PLACE}/clusters/c/nodePools/n`,
    record: { sizes: { [GROUP]: 2 } },
    answers: {
      'clusters/c': {
        ...{ name: 'c', location: 'us-central1', status: 'RUNNING' },
        selfLink: 'https://container.googleapis.com/v1/projects/p/zones/us-central1/clusters/c',
        nodePools: [{ name: 'n', status: 'RUNNING', instanceGroupUrls: [`${COMPUTE}/instanceGroupManagers/g`] }],
      },
      'instanceGroupManagers/g': GROUP_BODY,
    },
  },
  {
    kind: 'instance-group',
    resource: GROUP,
    record: { targetSize: 2, autoscaler: { name: 'scaler', mode: 'ON' } },
    answers: {
      'instanceGroupManagers/g': { ...GROUP_BODY, status: { isStable: true, autoscaler: `${COMPUTE}/autoscalers/scaler` } },
      'autoscalers/scaler': { name: 'scaler', selfLink: `${COMPUTE}/autoscalers/scaler`, autoscalingPolicy: { mode: 'OFF' } },
    },
  },
  atVertex('colab-runtime', 'notebookRuntimes', { runtimeState: 'RUNNING' }, {}),
  atVertex('schedule', 'schedules', { state: 'ACTIVE' }, { displayName: 's' }),
  atVertex('endpoint', 'endpoints', { deployedModels: [{ id: '7' }] }, { models: [{ id: '7' }], trafficSplit: {} }),
  atVertex('pipeline-job', 'pipelineJobs', { state: 'PIPELINE_STATE_RUNNING' }, JOB),
  atVertex('training-pipeline', 'trainingPipelines', { state: 'PIPELINE_STATE_RUNNING' }, JOB),
  atVertex('batch-prediction-job', 'batchPredictionJobs', { state: 'JOB_STATE_RUNNING' }, JOB),
  atVertex('hyperparameter-tuning-job', 'hyperparameterTuningJobs', { state: 'JOB_STATE_RUNNING' }, JOB),
  atVertex('tuning-job', 'tuningJobs', { state: 'JOB_STATE_RUNNING' }, JOB),
  atVertex('custom-job', 'customJobs', { state: 'JOB_STATE_RUNNING' }, JOB),
]; // prettier-ignore

/** Fields by which an answer says what it is about. */
const IDENTITY = ['name', 'clusterName', 'projectId', 'location', 'selfLink'] as const;

function withIdentity(body: Body, change: (text: string, field: string) => string): Body {
  const changed = IDENTITY.flatMap((field) => {
    const value = body[field];
    return typeof value === 'string' ? [[field, change(value, field)] as const] : [];
  });
  return { ...body, ...Object.fromEntries(changed) };
}

const isName = (field: string): boolean => field === 'name' || field === 'clusterName';
const inProject = (project: string) => (body: Body) =>
  withIdentity(body, (text, field) =>
    field === 'projectId' ? project : text.replace('projects/p/', `projects/${project}/`),
  );

/** What is answered instead; undefined is 204. */
const SPOILT: Readonly<Record<string, (body: Body) => unknown>> = {
  'another resource': (body) => ({
    ...withIdentity(body, (text, field) => (isName(field) ? text.replace(/[^/]*$/, 'other') : text)),
    id: '2',
  }),
  'one of another place': (body) => withIdentity(body, (text) => text.replace('us-central1', 'us-east4')),
  'one of another project': inProject('other'),
  'one without a name': (body) => ({
    ...withIdentity(body, (text, field) => (isName(field) ? '' : text)),
    id: '2',
  }),
  '[]': () => [],
  '204': () => undefined,
};

function stepsOf({ kind, resource, record }: Row): readonly Step[] {
  const found = RESOURCE_KINDS.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`No kind ${kind}`);
  const back = found.bringBack({ resource, record });
  return [...found.stop({ resource, record }), ...(back.kind === 'steps' ? back.steps : [])];
}

/** The way in which a step looks, with answers that `change` turns into others. */
async function look(
  row: Row,
  step: Step,
  change: (body: Body, end: string) => unknown,
): Promise<{ readonly error: unknown; readonly requested: readonly SentRequest[] }> {
  const { api, requested } = scriptedApi(({ target }) => {
    const [end, body] = Object.entries(row.answers).find(([path]) => target.endsWith(`/${path}`)) ?? [];
    if (end === undefined || body === undefined) throw new Error(`No answer for ${target}`);
    // Google's client makes an empty message of an empty answer.
    return change(body, end) ?? (target.startsWith('notebooks.') ? {} : undefined);
  });
  try {
    await step.look(api);
    return { error: undefined, requested };
  } catch (error) {
    return { error, requested };
  }
}

describe.each(ROWS.map((row) => ({ row, title: row.kind })))('$title', ({ row }) => {
  const steps = stepsOf(row);

  it.each(['p', '123456789012'])('believes an answer that names its project %s', async (project) => {
    for (const step of steps)
      expect(await look(row, step, inProject(project))).toMatchObject({ error: undefined });
  });

  const cases = Object.keys(row.answers).flatMap((end) =>
    Object.keys(SPOILT).map((title) => [title, end] as const),
  );
  it.each(cases)('takes %s for a failure that may pass, where it looks at %s', async (title, end) => {
    const body = row.answers[end] ?? {};
    const spoilt = SPOILT[title]?.(body);
    // A Dataproc cluster shows its region only in a label.
    if (JSON.stringify(spoilt) === JSON.stringify(body)) return;
    let looked = 0;
    for (const step of steps) {
      const { error, requested } = await look(row, step, (one, at) => (at === end ? spoilt : one));
      expect(requested.filter(({ method }) => method !== 'GET')).toEqual([]);
      if (!requested.some(({ target }) => target.endsWith(`/${end}`))) continue;
      looked += 1;
      expect(error).toBeInstanceOf(GoogleApiError);
      expect(error).toMatchObject({ retryable: true });
    }
    expect(looked).toBeGreaterThan(0);
  });
});

it('the kinds above are all that have steps', () => {
  const withSteps = RESOURCE_KINDS.filter(({ permissions }) => permissions.stop.length > 0);
  expect(ROWS.map(({ kind }) => kind).sort()).toEqual(withSteps.map(({ kind }) => kind).sort());
});

describe('an operation', () => {
  const target = { record: {} };
  const rows: readonly (readonly [Row['kind'], string, string])[] = [
    ['vm', 'projects/p/zones/us-central1-a/instances/vm', 'projects/p/zones/us-central1-a/operations/o-1'],
    ['workstation', WORKSTATION, `${PLACE}/operations/o-1`],
    ['tpu', `${PLACE}-a/nodes/t`, `${PLACE}-a/operations/o-1`],
    ['notebook', `${PLACE}-a/instances/nb`, `${PLACE}-a/operations/o-1`],
    ['dataproc-cluster', 'projects/p/regions/us-central1/clusters/spark', 'projects/p/regions/us-central1/operations/o-1'],
    ['colab-runtime', `${PLACE}/notebookRuntimes/1`, `${PLACE}/operations/o-1`],
  ]; // prettier-ignore
  it.each(rows)('of a %s is believed by its own answer alone', async (kind, resource, operation) => {
    const record = ROWS.find((row) => row.kind === kind)?.record ?? {};
    const [step] = stepsOf({ ...target, kind, resource, record, answers: {} });
    const answered = async (answer: unknown): Promise<unknown> =>
      step?.operation?.look(scriptedApi(() => answer).api, operation);
    const done = { done: true, status: 'DONE' };
    const name = kind === 'vm' ? 'o-1' : operation;
    expect(await answered({ ...done, name })).toEqual({ kind: 'done' });
    for (const answer of [
      { ...done, name: name.replace('o-1', 'o-2') },
      { ...done, name: '' },
      [],
      undefined,
    ])
      await expect(answered(answer)).rejects.toMatchObject({ retryable: true });
  });
});
