import { formatUsdPerHour } from '../../prices/money.ts';
import { isPriced, unpriced } from '../../prices/price.ts';
import { costOfMachines, describeMachines } from '../cost.ts';
import { named, type Listed } from '../define-kind.ts';
import { groupKey } from './controller.ts';
import { COMPUTE_HOST } from './group-facts.ts';
import { endByStop, targetOf } from './vm-command.ts';
import type { VmFacts } from './vm-facts.ts';

/**
 * A VM that is suspended: named, for it has nothing that runs. It bills its saved memory and local SSD data as storage, and no cores
 * or memory (Compute Engine API v1, instances.suspend), which costs less than running it
 * (cloud.google.com/compute/docs/instances/suspend-stop-reset-instances-overview); no list here has the price. It is counted with
 * nothing that it belongs to: that does not run it.
 */
export function listSuspended(vm: VmFacts, now: Date): Listed {
  const running = costOfMachines([{ ...vm.machines, spot: false }], now);
  const most = isPriced(running) ? running.usd.high : undefined;
  const bound = most === undefined ? 'while it runs' : `the ${formatUsdPerHour(most)} while it runs`;
  return {
    resource: vm.resource,
    state: vm.status,
    labels: vm.labels,
    description: `suspended VM, ${describeMachines([vm.machines])}`,
    cost: unpriced(`its saved memory and local SSD data bill as storage, less than ${bound}`),
    ...(most === undefined ? {} : { atMostUsd: most }),
    isStorage: true,
    fate: named('it is suspended: nothing runs on it, and what it saved of its memory is lost with a stop'),
    command: commandOf(vm),
  };
}

/** Members of a group are those of its standby pool: it would replace one that is stopped (API v1, InstanceGroupManager.targetSuspendedSize). */
function commandOf(vm: VmFacts): string {
  const group = groupKey(vm.createdBy);
  if (group === undefined) return `gcloud compute instances resume ${targetOf(vm)} && ${endByStop(vm)}`;
  const [, projectId = ''] = vm.resource.split('/');
  const url = `${COMPUTE_HOST}/${group.replace(/^group/, `projects/${projectId}`)}`;
  return `curl -X PATCH -H "Authorization: Bearer $(gcloud auth print-access-token)" -H "Content-Type: application/json" -d '{"targetSuspendedSize":0}' ${url}`;
}
