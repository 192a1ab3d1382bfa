import { shellWord } from '../../../shared/report/shell-word.ts';

/** Takes a role from a member, under every condition that it was given with. `on` is projects/P, folders/N or organizations/N. */
export function unbind(on: string, member: string, role: string): string {
  const [collection = '', id = ''] = on.split('/');
  const group = collection === 'folders' ? 'resource-manager folders' : collection;
  return `gcloud ${group} remove-iam-policy-binding ${shellWord(id)} --member=${shellWord(member)} --role=${shellWord(role)} --all`;
}

export function bind(project: string, member: string, role: string): string {
  return `gcloud projects add-iam-policy-binding ${shellWord(project)} --member=${shellWord(member)} --role=${shellWord(role)} --condition=None`;
}
