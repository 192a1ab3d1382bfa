import type { EgressFacts } from './facts.ts';

const RULES = 'forwardingRules/';

/** How a VM is named: in full, and in a sentence. One that is gone has its numeric id alone. */
export function nameVm(
  { project, vms, others }: EgressFacts,
  vmId: string,
): { readonly resource: string; readonly text: string } {
  if (vmId.startsWith(RULES))
    return { resource: `projects/${project}/${vmId}`, text: `forwarding rule ${vmId.slice(RULES.length)}` };
  const other = others.received.get(vmId);
  if (other !== undefined)
    return {
      resource: `projects/${other.project}/zones/${other.zone}/instances/${vmId}`,
      text: `VM ${vmId} of ${other.project}`,
    };
  const vm = vms?.get(vmId);
  if (vm === undefined) return { resource: `projects/${project}/instances/${vmId}`, text: `VM ${vmId}` };
  const resource = vm.notebook ?? `projects/${project}/zones/${vm.zone}/instances/${vm.name}`;
  return { resource, text: `${vm.notebook === undefined ? 'VM' : 'notebook'} ${vm.name}` };
}
