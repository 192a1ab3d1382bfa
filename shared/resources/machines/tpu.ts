import * as z from 'zod/mini';
import type { Api } from '../../google/api.ts';
import { parseAnswer, requireNamed } from '../../google/parse-answer.ts';
import { stringMap } from '../../google/string-map.ts';
import { tpuPrice } from '../../prices/tpu-price.ts';
import { timesPrice, unpriced } from '../../prices/price.ts';
import { nothingBilled, regionOf } from '../cost.ts';
import { namedKind, stoppableKind, type Listed } from '../define-kind.ts';
import { listEverywhere } from '../everywhere.ts';
import type { Fate, KindRequest, Step } from '../kind.ts';
import { longRunningOperation } from '../operation.ts';
import { isRunning, stateStep, type States } from '../state-step.ts';

const HOST = 'https://tpu.googleapis.com/v2';

/** Source: Cloud TPU API v2, resource Node. */
const nodeSchema = z.looseObject({
  name: z.string(),
  state: z.optional(z.string()),
  labels: z.optional(stringMap),
  acceleratorType: z.optional(z.string()),
  networkEndpoints: z.optional(z.array(z.unknown())),
  queuedResource: z.optional(z.string()),
  multisliceNode: z.optional(z.boolean()),
  schedulingConfig: z.optional(
    z.looseObject({ preemptible: z.optional(z.boolean()), spot: z.optional(z.boolean()) }),
  ),
});
type Node = z.infer<typeof nodeSchema>;

const STATES: States = {
  running: new Set(['READY']),
  stopped: new Set(['STOPPED', 'PREEMPTED', 'TERMINATED', 'HIDDEN']),
  stopping: new Set(['STOPPING', 'DELETING', 'HIDING']),
  starting: new Set(['CREATING', 'STARTING', 'RESTARTING', 'REIMAGING', 'UNHIDING']),
};

const record = z.object({ acceleratorType: z.string() });

/** TPU VMs: stopped where the type allows, else named. */
export const TPUS = stoppableKind({
  kind: 'tpu',
  title: 'TPU VMs',
  area: 'TPUs',
  permissions: {
    list: ['tpu.nodes.list', 'tpu.locations.list'],
    stop: ['tpu.nodes.get', 'tpu.nodes.stop'],
    bringBack: ['tpu.nodes.get', 'tpu.nodes.start', 'tpu.operations.get'],
  },
  order: 40,
  record,
  async list(look) {
    const nodes = await listEverywhere(look, {
      base: HOST,
      path: ['locations', 'nodes'],
      service: 'tpu',
      title: 'TPUs',
      schema: nodeSchema,
    });
    return nodes
      .filter(({ state = '' }) => isRunning(state, STATES))
      .map((node) => listed(look.projectId, node));
  },
  stop: (resource) => [step('stop', resource)],
  bringBack: (resource) => ({ kind: 'steps', steps: [step('start', resource)] }),
});

function listed(project: string, node: Node): Listed {
  const { name, state = '', labels = {}, acceleratorType = '', queuedResource = '' } = node;
  const [, , , zone = '', , id = ''] = name.split('/');
  const fate = fateOf(node);
  const where = `${id} --zone=${zone} --project=${project}`;
  return {
    resource: name,
    state,
    labels,
    description: `TPU ${acceleratorType}`,
    ...costOf(node, zone),
    fate,
    command:
      queuedResource === ''
        ? `gcloud compute tpus tpu-vm ${fate.kind === 'stoppable' ? 'stop' : 'delete'} ${where}`
        : `gcloud compute tpus queued-resources delete ${lastPart(queuedResource)} --zone=${zone} --project=${project} --force`,
    ownerKeys: queuedResource === '' ? [] : [`queued/${lastPart(queuedResource)}`],
  };
}

/** https://cloud.google.com/tpu/docs/managing-tpus-tpu-vm: pod slices, and what a queued resource made, can only be deleted. */
function fateOf({
  acceleratorType = '',
  networkEndpoints = [],
  queuedResource = '',
  multisliceNode,
}: Node): Fate {
  if (queuedResource !== '')
    return { kind: 'named', why: 'made by a queued resource: it can only be deleted' };
  if (networkEndpoints.length > 1 || multisliceNode === true)
    return { kind: 'named', why: 'a Pod slice cannot be stopped: it can only be deleted' };
  return { kind: 'stoppable', record: { acceleratorType } };
}

/** Cores per chip by generation: the name of a v2, v3, v4 or v5p counts TensorCores, that of the others chips. */
const GENERATIONS: Readonly<Record<string, { readonly name: string; readonly perChip: number }>> = {
  v2: { name: 'v2', perChip: 2 },
  v3: { name: 'v3', perChip: 2 },
  v4: { name: 'v4', perChip: 2 },
  v5p: { name: 'v5p', perChip: 2 },
  v5litepod: { name: 'v5e', perChip: 1 },
  v6e: { name: 'v6e', perChip: 1 },
};

function costOf(
  { acceleratorType = '', schedulingConfig }: Node,
  zone: string,
): Pick<Listed, 'cost' | 'machines'> {
  const [, type = '', count = ''] = /^(v\w+)-(\d+)$/.exec(acceleratorType) ?? [];
  const generation = GENERATIONS[type];
  if (generation === undefined) return { cost: unpriced(`no price for TPU ${acceleratorType}`) };
  const spot = schedulingConfig?.spot === true || schedulingConfig?.preemptible === true;
  const chip = tpuPrice(generation.name, regionOf(zone), spot ? 'spot' : 'on-demand');
  const chips = Number(count) / generation.perChip;
  return { cost: timesPrice(chip, chips), machines: chips };
}

function lastPart(text: string): string {
  return text.slice(text.lastIndexOf('/') + 1);
}

function step(verb: 'stop' | 'start', resource: string): Step {
  const request: KindRequest = {
    call: `tpu.nodes.${verb}`,
    method: 'POST',
    url: `${HOST}/${resource}:${verb}`,
    body: {},
  };
  return {
    ...stateStep(verb, (api) => getNode(api, resource), STATES, request),
    operation: longRunningOperation(HOST, 'tpu.operations.get'),
  };
}

async function getNode(
  api: Api,
  resource: string,
): Promise<{ state: string; labels: Readonly<Record<string, string>> }> {
  const call = 'tpu.nodes.get';
  const node = parseAnswer(call, nodeSchema, await api.request(call, { url: `${HOST}/${resource}` }));
  requireNamed(call, node.name, resource);
  return { state: node.state ?? '', labels: node.labels ?? {} };
}

const queuedSchema = z.looseObject({
  name: z.string(),
  state: z.optional(z.looseObject({ state: z.optional(z.string()) })),
});

/** States in which a queued resource holds TPUs or will get them. */
const QUEUED_ENDED: ReadonlySet<string> = new Set(['FAILED', 'DELETING', 'SUSPENDING', 'SUSPENDED']);

/** States before it is granted anything (API v2, State of QueuedResource): from `PROVISIONING` on TPUs may bill. */
const QUEUED_WAITING: ReadonlySet<string> = new Set(['CREATING', 'ACCEPTED', 'WAITING_FOR_RESOURCES']);

/** Queued resources: named, for ending one deletes its TPUs. */
export const QUEUED_RESOURCES = namedKind({
  kind: 'queued-resource',
  title: 'queued resources of TPUs',
  area: 'queued resources of TPUs',
  permissions: ['tpu.nodes.list', 'tpu.locations.list'],
  async list(look) {
    const queued = await listEverywhere(look, {
      base: HOST,
      path: ['locations', 'queuedResources'],
      service: 'tpu',
      title: 'queued resources of TPUs',
      schema: queuedSchema,
    });
    return queued
      .filter(({ state }) => !QUEUED_ENDED.has(state?.state ?? ''))
      .map(({ name, state }) => {
        const [, , , zone = '', , id = ''] = name.split('/');
        return {
          resource: name,
          state: state?.state ?? '',
          description: 'queued resource of TPUs',
          cost: QUEUED_WAITING.has(state?.state ?? '')
            ? nothingBilled('it bills when TPUs are granted', 'Cloud TPU documentation: queued resources')
            : unpriced('it bills by the TPUs that it makes; none was seen'),
          fate: { kind: 'named', why: 'ending it deletes its TPUs' },
          command: `gcloud compute tpus queued-resources delete ${id} --zone=${zone} --project=${look.projectId} --force`,
          memberKeys: [`queued/${id}`],
        };
      });
  },
});
