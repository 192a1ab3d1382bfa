import { shellWord } from '../../../shared/report/shell-word.ts';

/** Takes a role from a member, under every condition that it was given with. */
export function unbind(project: string, member: string, role: string): string {
  return `gcloud projects remove-iam-policy-binding ${shellWord(project)} --member=${shellWord(member)} --role=${shellWord(role)} --all`;
}

export function bind(project: string, member: string, role: string): string {
  return `gcloud projects add-iam-policy-binding ${shellWord(project)} --member=${shellWord(member)} --role=${shellWord(role)} --condition=None`;
}
