import type { VmFacts } from './vm-facts.ts';

/** The command that stops a VM by hand; what is on its local SSDs is lost with that. */
export function endByStop(vm: Pick<VmFacts, 'resource' | 'localSsds'>): string {
  return `gcloud compute instances stop ${targetOf(vm)}${vm.localSsds > 0 ? ' --discard-local-ssd=true' : ''}`;
}

/** What names a VM to a command of `gcloud compute instances`. */
export function targetOf({ resource }: Pick<VmFacts, 'resource'>): string {
  const [, project = '', , zone = '', , name = ''] = resource.split('/');
  return `${name} --zone=${zone} --project=${project}`;
}
