import type { Finding } from '../report/report.ts';
import { type EgressFacts, sum, type VmPlace } from '../traffic/facts.ts';
import { GIB } from '../../../shared/prices/quantities.ts';
import { nameVm } from '../traffic/resource-names.ts';
import { gib } from './evidence-text.ts';
import { shellWord } from './shell.ts';
import { scaleUsd } from '../../../shared/prices/money.ts';
import { firstRate, priceRow } from '../../../shared/prices/network-prices.ts';

/** Downloads have small requests and large answers. */
const MIN_DOWNLOAD_RATIO = 10;

/** VMs without external address whose downloads go through Cloud NAT because their subnet cannot reach Google directly. */
export function judgeNat(facts: EgressFacts, monthFactor: number): readonly Finding[] {
  const { nat, vms, subnets } = facts;
  if (nat === undefined || vms === undefined || subnets === undefined) return [];
  const bySubnet = new Map<string, { vmId: string; vm: VmPlace; bytes: number }[]>();
  for (const [vmId, { sentBytes, receivedBytes }] of nat) {
    const vm = vms.get(vmId);
    if (vm?.subnet === undefined || vm.addresses.length > 0 || subnets.get(vm.subnet) !== false) continue;
    if (!vm.runsContainers || receivedBytes < MIN_DOWNLOAD_RATIO * sentBytes) continue;
    bySubnet.set(vm.subnet, [
      ...(bySubnet.get(vm.subnet) ?? []),
      { vmId, vm, bytes: receivedBytes + sentBytes },
    ]);
  }
  return [...bySubnet].map(([subnet, pullers]): Finding => {
    const bytes = sum(pullers.map((puller) => puller.bytes));
    const [, region = '', , name = ''] = subnet.split('/');
    const [first] = pullers;
    return {
      id: `downloads-through-nat:${subnet}`,
      kind: 'downloads-through-nat',
      title: `${first === undefined ? '' : nameVm(facts, first.vmId).text}${pullers.length > 1 ? ` and ${pullers.length - 1} more` : ''} pull images through Cloud NAT: the subnet ${name} has no Private Google Access`,
      resources: [
        ...pullers.map(({ vmId }) => nameVm(facts, vmId).resource),
        `projects/${facts.project}/${subnet}`,
      ],
      certainty: 'likely',
      evidence: {
        'processed by Cloud NAT': gib(bytes),
        'run containers and have no external address': pullers.map(({ vm }) => vm.name),
        'received more than sent': `at least ${MIN_DOWNLOAD_RATIO} times, as downloads do`,
        'Private Google Access': `off on ${subnet}`,
        'what else it takes': 'images in Artifact Registry; those of other registries go on through NAT',
      },
      usdPerMonth: scaleUsd(firstRate(priceRow('nat-processing')), (bytes * monthFactor) / GIB),
      command: `gcloud compute networks subnets update ${shellWord(name)} --region=${region} --project=${shellWord(facts.project)} --enable-private-ip-google-access`,
    };
  });
}
