import * as z from 'zod/mini';
import type { Api } from '../../google/api.ts';
import { parseAnswer, requireNamed } from '../../google/parse-answer.ts';
import { stringMap } from '../../google/string-map.ts';
import { unpriced } from '../../prices/price.ts';
import { stoppableKind, type Listed } from '../define-kind.ts';
import { listEverywhere } from '../everywhere.ts';
import type { KindRequest, Present, Step } from '../kind.ts';
import { startedAt } from '../started-at.ts';
import { longRunningOperation } from '../operation.ts';
import { isRunning, stateStep, type States } from '../state-step.ts';

const HOST = 'https://workstations.googleapis.com/v1';

/** Source: Cloud Workstations API v1, resource Workstation. */
const workstationSchema = z.looseObject({
  name: z.string(),
  state: z.optional(z.string()),
  labels: z.optional(stringMap),
  /** Of its last start that came about. */
  startTime: z.optional(z.string()),
  displayName: z.optional(z.string()),
  runtimeHost: z.optional(
    z.looseObject({ gceInstanceHost: z.optional(z.looseObject({ id: z.optional(z.string()) })) }),
  ),
});
type Workstation = z.infer<typeof workstationSchema>;

const STATES: States = {
  running: new Set(['STATE_RUNNING']),
  stopped: new Set(['STATE_STOPPED', 'STATE_SUSPENDED']),
  stopping: new Set(['STATE_STOPPING', 'STATE_SUSPENDING']),
  starting: new Set(['STATE_STARTING']),
};

/** Cloud Workstations: stopped and started; home directories stay. */
export const WORKSTATIONS = stoppableKind({
  kind: 'workstation',
  title: 'workstations',
  area: 'workstations',
  permissions: {
    // gcloud itself lists all by wildcards (command_lib/workstations/flags.py): what lists the parents one by one is not needed.
    list: ['workstations.workstations.list'],
    stop: ['workstations.workstations.get', 'workstations.workstations.stop'],
    bringBack: [
      'workstations.workstations.get',
      'workstations.workstations.start',
      'workstations.operations.get',
    ],
  },
  order: 45,
  record: z.object({}),
  async list(look) {
    const workstations = await listEverywhere(look, {
      base: HOST,
      path: ['locations', 'workstationClusters', 'workstationConfigs', 'workstations'],
      service: 'workstations',
      title: 'workstations',
      schema: workstationSchema,
    });
    return workstations
      .filter(({ state = '' }) => isRunning(state, STATES))
      .map((one) => listed(look.projectId, one));
  },
  stop: (resource) => [step('stop', resource)],
  bringBack: (resource) => ({ kind: 'steps', steps: [step('start', resource)] }),
});

function listed(
  project: string,
  { name, state = '', labels = {}, displayName, runtimeHost }: Workstation,
): Listed {
  const [, , , region = '', , cluster = '', , config = '', , id = ''] = name.split('/');
  const vm = runtimeHost?.gceInstanceHost?.id;
  return {
    resource: name,
    state,
    labels,
    description: `workstation ${displayName ?? id}`,
    cost: unpriced('its VM was not seen'),
    onTop: 'the fee of Cloud Workstations',
    fate: { kind: 'stoppable', record: {} },
    command: `gcloud workstations stop ${id} --config=${config} --cluster=${cluster} --region=${region} --project=${project}`,
    memberKeys: vm === undefined ? [] : [`vm/${vm}`],
  };
}

function step(verb: 'stop' | 'start', resource: string): Step {
  const request: KindRequest = {
    call: `workstations.workstations.${verb}`,
    method: 'POST',
    url: `${HOST}/${resource}:${verb}`,
    body: {},
  };
  return {
    ...stateStep(verb, (api) => getWorkstation(api, resource), STATES, request),
    operation: longRunningOperation(HOST, 'workstations.operations.get'),
  };
}

async function getWorkstation(api: Api, resource: string): Promise<Omit<Present, 'standing'>> {
  const call = 'workstations.workstations.get';
  const answer = await api.request(call, { url: `${HOST}/${resource}` });
  const { name, state = '', labels = {}, startTime } = parseAnswer(call, workstationSchema, answer);
  requireNamed(call, name, resource);
  return { state, labels, ...startedAt(startTime) };
}
