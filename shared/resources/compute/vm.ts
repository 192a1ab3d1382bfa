import * as z from 'zod/mini';
import {
  getVm,
  VM_STARTING,
  VM_STOPPED,
  VM_STOPPING,
  VM_SUSPENDED,
  VM_WAITING,
  type Vm,
} from '../../google/vms.ts';
import { withUnpricedOnTop, type Price } from '../../prices/price.ts';
import { leastBilledShare } from '../../prices/planning/sustained-use.ts';
import { costOfMachines, describeMachines, gpuCount, nothingBilled } from '../cost.ts';
import { stoppableKind, type Listed } from '../define-kind.ts';
import type { KindRequest, Standing, Step } from '../kind.ts';
import { costText } from '../left-burning.ts';
import { zoneOperation } from '../operation.ts';
import { controllerOf } from './controller.ts';
import { COMPUTE_HOST } from './group-facts.ts';
import { serviceOf, WORKBENCH_FEE, type Place } from './services.ts';
import { listSuspended } from './suspended-vm.ts';
import { endByStop } from './vm-command.ts';
import type { VmFacts } from './vm-facts.ts';

const record = z.object({ localSsds: z.number(), spot: z.boolean() });
type Remembered = z.infer<typeof record>;

/** VMs, Spot or not: stopped and started. What is on their local SSDs is lost with the stop. */
export const VMS = stoppableKind<Remembered>({
  kind: 'vm',
  title: 'VMs',
  area: 'VMs',
  permissions: {
    list: ['compute.instances.list'],
    stop: ['compute.instances.get', 'compute.instances.stop'],
    bringBack: ['compute.instances.get', 'compute.instances.start', 'compute.zoneOperations.get'],
  },
  order: 50,
  record,
  list: async (look) => [
    ...(await look.vms()).map((vm) => listed(vm, look.now)),
    ...(await look.suspendedVms()).map((vm) => listSuspended(vm, look.now)),
  ],
  stop: (resource, { localSsds }) => [step('stop', resource, (vm) => judgeStop(vm, localSsds))],
  bringBack: (resource) => ({ kind: 'steps', steps: [step('start', resource, judgeStart)] }),
});

function listed(vm: VmFacts, now: Date): Listed {
  const controller = controllerOf(vm);
  const remembered = { localSsds: vm.localSsds, spot: vm.machines.spot };
  return {
    resource: vm.resource,
    state: vm.status,
    labels: vm.labels,
    ...billed(vm, now),
    // Prices of Spot and of what is bought for a time are discounted already.
    leastShare:
      vm.machines.spot || vm.machines.bought !== undefined
        ? 1
        : leastBilledShare(vm.machines.machineType?.split('-')[0] ?? ''),
    startedMs: vm.startedMs,
    startedBy: scheduleOf(vm),
    ...gpuCount([vm.machines]),
    fate:
      controller === undefined
        ? { kind: 'stoppable', record: remembered }
        : { kind: 'owned', why: controller.why, record: remembered },
    command: controller?.command(placeOf(vm)) ?? endByStop(vm),
    ownerKeys: [`vm/${vm.id}`, ...(controller?.keys ?? [])],
  };
}

/**
 * One that waits for capacity has no machine yet, and bills once it runs. A reservation bills as the machines that it holds whether they
 * run or not: https://cloud.google.com/compute/docs/instances/reservations-overview#billing
 */
function billed(vm: VmFacts, now: Date): Pick<Listed, 'description' | 'cost' | 'waits'> {
  const { status, machines, isReserved } = vm;
  const held = isReserved === true ? ', in a specific reservation, which bills on after a stop' : '';
  const description = `${describeMachines([machines])}${held}`;
  const cost = withFee(costOfMachines([machines], now), vm);
  if (status !== VM_WAITING) return { description, cost };
  const waits = `waits for capacity; then ${costText(cost)}`;
  return {
    description: `${description}, ${waits}`,
    cost: nothingBilled('it bills once it runs', 'Compute Engine documentation: flex-start VMs'),
    waits,
  };
}

/** What its labels tell of a service that bills beside it; Workbench writes its own (answers of its API, 2026-08). */
function withFee(cost: Price, { labels }: VmFacts): Price {
  const onTop =
    serviceOf(labels)?.onTop ?? (labels['notebooks-product'] === undefined ? undefined : WORKBENCH_FEE);
  return onTop === undefined ? cost : withUnpricedOnTop(cost, onTop);
}

/** What kind of policy it is the listing does not tell: one for placement starts nothing. */
function scheduleOf({ resourcePolicies }: VmFacts): string | undefined {
  return resourcePolicies.length === 0
    ? undefined
    : `cannot be told for sure: the resource policy ${resourcePolicies.join(', ')} is attached to it, which starts it where that is an instance schedule`;
}

function placeOf({ resource }: VmFacts): Place {
  const [, projectId = '', , zone = ''] = resource.split('/');
  return { projectId, zone };
}

function step(name: 'stop' | 'start', resource: string, judge: (vm: Vm) => Standing): Step {
  return {
    name,
    async look(api) {
      const vm = await getVm(api, resource);
      return { state: vm.status, labels: vm.labels, standing: judge(vm), startedMs: vm.lastStartMs };
    },
    operation: zoneOperation(resource.replace(/\/instances\/.*$/, '')),
  };
}

/** Whether a VM is still to be stopped. */
export function judgeStop(
  { resource, status }: Pick<Vm, 'resource' | 'status'>,
  localSsds: number,
): Standing {
  if (VM_STOPPING.has(status) || VM_STOPPED.has(status) || status === VM_SUSPENDED) return { kind: 'done' };
  if (VM_STARTING.has(status)) return { kind: 'in-transit', why: `it is ${status}` };
  return { kind: 'ready', request: request('stop', resource, localSsds > 0) };
}

/** Whether a VM is still to be started: only RUNNING is success, a start may fall back for want of capacity. */
export function judgeStart({ resource, status }: Pick<Vm, 'resource' | 'status'>): Standing {
  if (VM_STOPPED.has(status)) return { kind: 'ready', request: request('start', resource, false) };
  if (status === 'RUNNING') return { kind: 'done' };
  if (status === VM_SUSPENDED) return { kind: 'refused', why: 'it has been suspended meanwhile' };
  return { kind: 'in-transit', why: `it is ${status}` };
}

function request(verb: 'stop' | 'start', resource: string, discardLocalSsd: boolean): KindRequest {
  return {
    call: `compute.instances.${verb}`,
    method: 'POST',
    url: `${COMPUTE_HOST}/${resource}/${verb}`,
    query: { discardLocalSsd: discardLocalSsd ? true : undefined },
    body: {},
  };
}
