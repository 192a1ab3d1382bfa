import * as z from 'zod/mini';
import { stringMap } from '../../google/string-map.ts';
import { resourceId } from '../../google/resource-name.ts';
import { urlOf } from '../../google/vertex/vertex.ts';
import { withUnpricedOnTop } from '../../prices/price.ts';
import { costOfMachines, describeMachines } from '../cost.ts';
import { stoppableKind, type Listed } from '../define-kind.ts';
import type { KindRequest, Step } from '../kind.ts';
import type { Look } from '../look.ts';
import { longRunningOperation } from '../operation.ts';
import { isRunning, stateStep, type States } from '../state-step.ts';
import { machineSpec, machinesOf } from './machine-spec.ts';
import { getVertex, listRegional } from './regional.ts';

const runtimeSchema = z.looseObject({
  name: z.string(),
  displayName: z.optional(z.string()),
  runtimeState: z.optional(z.string()),
  runtimeUser: z.optional(z.string()),
  labels: z.optional(stringMap),
  machineSpec: z.optional(machineSpec),
});
type Runtime = z.infer<typeof runtimeSchema>;

const STATES: States = {
  running: new Set(['RUNNING']),
  stopped: new Set(['STOPPED', 'INVALID']),
  stopping: new Set(['BEING_STOPPED']),
  starting: new Set(['BEING_STARTED', 'BEING_UPGRADED']),
  broken: new Set(['ERROR']),
};

/** Runtimes of Colab Enterprise: stopped and started. */
export const COLAB_RUNTIMES = stoppableKind({
  kind: 'colab-runtime',
  title: 'Colab Enterprise runtimes',
  area: 'Vertex AI',
  permissions: {
    list: ['aiplatform.locations.list', 'aiplatform.notebookRuntimes.list'],
    // The reference names no permission for stop, and there is none of its name.
    stop: ['aiplatform.notebookRuntimes.get', 'aiplatform.notebookRuntimes.update'],
    bringBack: ['aiplatform.notebookRuntimes.get', 'aiplatform.notebookRuntimes.start'],
  },
  order: 46,
  record: z.object({}),
  async list(look) {
    const runtimes = await listRegional(look, { collection: 'notebookRuntimes', schema: runtimeSchema });
    return runtimes
      .filter(({ runtimeState = '' }) => isRunning(runtimeState, STATES))
      .map((runtime) => listed(look, runtime));
  },
  stop: (resource) => [step('stop', resource)],
  bringBack: (resource) => ({ kind: 'steps', steps: [step('start', resource)] }),
});

function listed(
  { projectId, now }: Look,
  { name, displayName = '', runtimeState = '', runtimeUser, labels = {}, machineSpec: spec }: Runtime,
): Listed {
  const machines = [machinesOf(name, spec, 1, false)];
  const [, , , region = '', , id = ''] = name.split('/');
  return {
    resource: name,
    state: runtimeState,
    labels,
    description: `Colab runtime ${displayName}, ${describeMachines(machines)}`,
    cost: withUnpricedOnTop(costOfMachines(machines, now), 'the fee of Colab Enterprise'),
    startedBy: runtimeUser,
    fate: { kind: 'stoppable', record: {} },
    command: `gcloud colab runtimes stop ${id} --region=${region} --project=${projectId}`,
  };
}

/** NotebookRuntime has no field that says why it is in ERROR (aiplatform v1, discovery revision of the frozen data). */
function whereToLook(resource: string): string {
  const id = resourceId(resource);
  return `the API has no field for the reason; "gcloud logging read '\"notebookRuntimes/${id}\" severity>=ERROR' --freshness=1d --project=PROJECT_ID" may show it`;
}

function step(verb: 'stop' | 'start', resource: string): Step {
  const request: KindRequest = {
    call: `aiplatform.notebookRuntimes.${verb}`,
    method: 'POST',
    url: `${urlOf(resource)}:${verb}`,
    body: {},
  };
  const read: Parameters<typeof stateStep>[1] = async (api) => {
    const { runtimeState = '', labels = {} } = await getVertex(api, resource, runtimeSchema);
    return { state: runtimeState, labels, detail: whereToLook(resource) };
  };
  return {
    ...stateStep(verb, read, STATES, request),
    // Looked at with the right to get what it is about: there is no aiplatform.operations.get.
    operation: longRunningOperation(urlOf, 'aiplatform.notebookRuntimes.operations.get'),
  };
}
