import type { NotebookFacts } from './facts.ts';

/**
 * The command that gives a notebook the label that keeps it. With every label that is there: whether gcloud replaces them or adds to
 * them is not documented.
 */
export function keepCommand(
  { name, labels }: Pick<NotebookFacts, 'name' | 'labels'>,
  keepLabel: string,
): string {
  const [, project = '', , zone = '', , id = ''] = name.split('/');
  const all = { ...labels, [keepLabel]: 'true' };
  const list = Object.entries(all).map(([key, value]) => `${key}=${value}`);
  return `gcloud workbench instances update ${id} --project=${project} --location=${zone} --labels=${list.join(',')}`;
}
