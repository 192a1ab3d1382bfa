import * as z from 'zod/mini';
import type { Api } from '../../google/api.ts';
import { isNotOffered } from '../../google/not-offered.ts';
import {
  getNotebook,
  listNotebooks,
  requestNotebook,
  type NotebookInstance,
} from '../../google/notebooks.ts';
import { GoogleApiError } from '../../google/google-api-error.ts';
import { withUnpricedOnTop } from '../../prices/price.ts';
import { noteStrange } from '../../google/read-items.ts';
import { getVm } from '../../google/vms.ts';
import { unseenIn } from './group-members.ts';
import { WORKBENCH_FEE } from './services.ts';
import type { VmFacts } from './vm-facts.ts';
import { costOfMachines, describeMachines } from '../cost.ts';
import { notEvaluable, stoppableKind, type Listed } from '../define-kind.ts';
import type { KindRequest, Step } from '../kind.ts';
import { unreachable, type Look } from '../look.ts';
import { longRunningOperation } from '../operation.ts';
import { isRunning, stateStep, type States } from '../state-step.ts';
import { whyUnseen } from '../why-unseen.ts';

const HOST = 'https://notebooks.googleapis.com/v2';

const STATES: States = {
  running: new Set(['ACTIVE']),
  stopped: new Set(['STOPPED', 'SUSPENDED', 'DELETED']),
  stopping: new Set(['STOPPING', 'SUSPENDING']),
  // One that is upgraded runs, and can be neither started nor stopped meanwhile.
  starting: new Set(['STARTING', 'PROVISIONING', 'INITIALIZING', 'UPGRADING']),
};

const VM_UNSEEN = 'not all VMs of its zone were seen at this look: a label of its VM may keep it';

/** Workbench instances: stopped and started; their VMs belong to them. */
export const NOTEBOOKS = stoppableKind({
  kind: 'notebook',
  title: 'notebooks',
  area: 'notebooks',
  permissions: {
    list: ['notebooks.instances.list', 'notebooks.locations.list', 'compute.instances.list'],
    stop: ['notebooks.instances.get', 'notebooks.instances.stop'],
    bringBack: [
      'notebooks.instances.get',
      'notebooks.instances.start',
      'notebooks.operations.get',
      'compute.instances.get',
    ],
  },
  order: 44,
  record: z.object({}),
  async list(look) {
    const found: NotebookInstance[] = [];
    const failed: { readonly location: string; readonly error: GoogleApiError }[] = [];
    let answered = false;
    for await (const page of listNotebooks(look.api, look.projectId, look.ofProject)) {
      if (page.failed === undefined) answered = true;
      else failed.push(page.failed);
      for (const where of page.unreachable) look.gap(unreachable(where, 'notebooks'));
      noteStrange(look.gap, `projects/${look.projectId} notebooks`, page.strange);
      for (const instance of page.instances)
        if (isRunning(instance.state ?? '', STATES)) found.push(instance);
    }
    noteFailed(look, failed, answered);
    if (found.length === 0) return [];
    const vms = await seenVms(look);
    return found.map((instance) => listed(look, instance, vms));
  },
  stop: (resource) => [step('stop', resource)],
  bringBack: (resource) => ({ kind: 'steps', steps: [step('start', resource)] }),
});

/** Requested one by one, some locations may have no Workbench at all. */
function noteFailed(
  look: Look,
  failed: readonly { readonly location: string; readonly error: GoogleApiError }[],
  answered: boolean,
): void {
  for (const { location, error } of failed)
    if (!answered || !isNotOffered(error))
      look.gap({ where: `${location} notebooks`, why: whyUnseen(error), cause: error });
}

/** VMs by their ids, and which of them the listing lacks. */
interface SeenVms {
  readonly byId: ReadonlyMap<string, VmFacts>;
  readonly lacks: (zone: string) => boolean;
}

/** A keep label may be on a notebook's VM alone. VMs that could not be listed are a gap. */
async function seenVms(look: Look): Promise<SeenVms> {
  try {
    const [vms, unseen] = [await look.vms(), await look.unseenVms()];
    return {
      byId: new Map(vms.map((vm) => [vm.id, vm])),
      lacks: (zone) => unseenIn(zone, unseen) !== undefined,
    };
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    look.gap({ where: `projects/${look.projectId} VMs`, why: whyUnseen(error), cause: error });
    return { byId: new Map(), lacks: () => true };
  }
}

function listed(
  look: Look,
  { name, state = '', labels = {}, gceSetup }: NotebookInstance,
  { byId, lacks }: SeenVms,
): Listed {
  const [, , , zone = '', , instance = ''] = name.split('/');
  const id = gceSetup?.instanceId;
  const vm = id === undefined ? undefined : byId.get(id);
  const machines = [
    {
      machineType: gceSetup?.machineType?.replace(/^.*\//, ''),
      accelerators: (gceSetup?.acceleratorConfigs ?? []).map(({ type, coreCount }) => ({
        type,
        count: Number(coreCount ?? 1),
      })),
      // The API of notebooks tells of none.
      localSsdGb: vm?.machines.localSsdGb ?? 0,
      zone,
      count: 1,
      spot: false,
    },
  ];
  return {
    resource: name,
    state,
    labels,
    memberLabels: vm === undefined ? [] : [vm.labels],
    description: `notebook ${instance}, ${describeMachines(machines)}`,
    cost: withUnpricedOnTop(costOfMachines(machines, look.now), WORKBENCH_FEE),
    fate:
      !STATES.running.has(state) && !STATES.starting.has(state)
        ? notEvaluable(look, name, state)
        : vm === undefined && lacks(zone)
          ? { kind: 'named', why: VM_UNSEEN, record: {} }
          : { kind: 'stoppable', record: {} },
    command: `gcloud workbench instances stop ${instance} --location=${zone} --project=${look.projectId}`,
    memberKeys: id === undefined ? [] : [`vm/${id}`],
  };
}

function step(verb: 'stop' | 'start', resource: string): Step {
  const request: KindRequest = {
    call: `notebooks.instances.${verb}`,
    method: 'POST',
    url: `${HOST}/${resource}:${verb}`,
    body: {},
    send: (api, permit) => requestNotebook(api, permit, verb, resource),
  };
  const step = stateStep(
    verb,
    async (api) => {
      const { state = '', labels = {}, gceSetup } = await getNotebook(api, resource);
      if (verb === 'stop') return { state, labels };
      return { state, labels, startedMs: await startOf(api, resource, gceSetup?.instanceId) };
    },
    STATES,
    request,
  );
  return { ...step, operation: longRunningOperation(HOST, 'notebooks.operations.get') };
}

/** When its VM last started: the notebook itself does not tell. */
async function startOf(api: Api, resource: string, vmId = ''): Promise<number | undefined> {
  const [, project = '', , zone = ''] = resource.split('/');
  return (await getVm(api, `projects/${project}/zones/${zone}/instances/${vmId}`)).lastStartMs;
}
