/** How the names of the objects begin that the switch writes: `writes` in deploy/functions/budget-kill-switch/function.yaml. */
export const switchFolders: readonly string[] = [
  'manifests/',
  'messages/',
  'not-offered/',
  'poison/budget-kill-switch/',
  'policy/budget-kill-switch.yaml',
  'receipts/budget-kill-switch/',
  'spend/',
];

/**
 * The condition that keeps a function's role to the objects of the state bucket whose names begin so. It gives nothing on the bucket
 * itself, so that such a role cannot hold storage.objects.list.
 * Source: https://cloud.google.com/storage/docs/access-control/iam#conditions
 */
export function foldersCondition(
  bucket: string,
  functionName: string,
  folders: readonly string[],
): { readonly title: string; readonly expression: string } {
  const objects = `projects/_/buckets/${bucket}/objects/`;
  return {
    title: `costguard: folders of ${functionName}`,
    expression: folders.map((folder) => `resource.name.startsWith("${objects}${folder}")`).join(' || '),
  };
}
