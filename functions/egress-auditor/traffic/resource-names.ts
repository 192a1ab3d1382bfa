import type { EgressFacts } from './facts.ts';

/** How a VM is named: in full, and in a sentence. One that is gone has its numeric id alone. */
export function nameVm(
  { project, vms }: EgressFacts,
  vmId: string,
): { readonly resource: string; readonly text: string } {
  const vm = vms?.get(vmId);
  if (vm === undefined) return { resource: `projects/${project}/instances/${vmId}`, text: `VM ${vmId}` };
  const resource = vm.notebook ?? `projects/${project}/zones/${vm.zone}/instances/${vm.name}`;
  return { resource, text: `${vm.notebook === undefined ? 'VM' : 'notebook'} ${vm.name}` };
}
