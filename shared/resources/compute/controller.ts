import { serviceOf, type Service } from './services.ts';
import type { VmFacts } from './vm-facts.ts';

/** Key of a managed group: `group/zones/Z/instanceGroupManagers/N`, whatever project the path names. */
export function groupKey(path: string): string | undefined {
  const scope = /(?:zones|regions)\/[^/]+\/instanceGroupManagers\/[^/]+$/.exec(path)?.[0];
  return scope === undefined ? undefined : `group/${scope}`;
}

/** Flags by which a command finds a group. */
export function flagsOf(group: string): string {
  const [, project = '', scopes = '', scope = ''] = group.split('/');
  return `--${scopes === 'zones' ? 'zone' : 'region'}=${scope} --project=${project}`;
}

/** The command that empties a managed group for good: what its autoscaler has a say in comes back. */
export function emptyGroup(resource: string, autoscaler: 'on' | 'off' | 'unknown'): string {
  const [name = '', where] = [resource.split('/').at(-1), flagsOf(resource)];
  const group = 'gcloud compute instance-groups managed';
  const off = `${group} update-autoscaling ${name} --mode=off ${where}`;
  const resize = `${group} resize ${name} --size=0 ${where}`;
  if (autoscaler === 'unknown') return `${resize} # an autoscaler before: ${off}`;
  return autoscaler === 'on' ? `${off} && ${resize}` : resize;
}

/**
 * Who would start a VM again that is stopped by itself. A managed group writes itself into the metadata key `created-by`; the services
 * above it label their machines.
 */
export function controllerOf(vm: Pick<VmFacts, 'labels' | 'createdBy'>): Service | undefined {
  const service = serviceOf(vm.labels);
  const key = groupKey(vm.createdBy);
  if (key === undefined) return service;
  if (service !== undefined) return { ...service, keys: [...service.keys, key] };
  return {
    why: 'member of a managed instance group, which would replace it; resize the group',
    keys: [key],
    command: ({ projectId }) => emptyGroup(`projects/${projectId}/${key.replace(/^group\//, '')}`, 'unknown'),
  };
}
