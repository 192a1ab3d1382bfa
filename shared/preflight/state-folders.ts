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

/** Those in which it replaces objects as well: its receipts, and messages that no one could read, are only added. */
export const switchReplaces: readonly string[] = switchFolders.filter(
  (folder) => !/^(?:poison|receipts)\//.test(folder),
);

/** Folders that other functions write and the switch does not read: of `writes` of all the others. */
export const hiddenFromSwitch: readonly HiddenFolder[] = [
  'guardrail-audit/',
  'memory/idle-notebook-stopper/',
  'memory/lifecycle-enforcer/',
  'sweeps/lifecycle-enforcer/',
].map((folder) => ({ folder, but: [] }));

/** A folder that is none of a function's business, with what in it is all the same. */
export interface HiddenFolder {
  readonly folder: string;
  readonly but: readonly string[];
}

/** How the names of all objects begin that a function may write: `writes` of all of them, and the folders around these. */
export const writtenFolders: readonly string[] = [
  'guardrail-audit/',
  'ledgers/',
  'manifests/',
  'memory/',
  'messages/',
  'not-offered/',
  'poison/',
  'policy/budget-kill-switch.yaml',
  'receipts/',
  'spend/',
  'sweeps/',
];

/**
 * The folder that a policy must not lie in, for a function may write there, and a policy is as strong as the switch; undefined where it
 * lies well. `uri`: what the variable `POLICY_URI` holds.
 */
export function folderOfPolicy(uri: string, stateBucket: string | undefined): string | undefined {
  const [, bucket, object = ''] = /^gs:\/\/([^/]+)\/(.+)$/s.exec(uri) ?? [];
  if (stateBucket === undefined || bucket !== stateBucket) return undefined;
  return writtenFolders.find((folder) => object.startsWith(folder));
}

/** What every function may read, as before: reports, and messages that no one could read. */
const OPEN = /^(?:poison|receipts)\//;

/** Of the folders that all functions write: those that this one neither writes nor reads, in order. Pure. */
export function hiddenFolders(
  written: readonly string[],
  { writes, reads }: { readonly writes: readonly string[]; readonly reads: readonly string[] },
): readonly HiddenFolder[] {
  const own = [...writes, ...reads];
  return [...new Set(written)]
    .filter((folder) => !OPEN.test(folder) && !own.some((one) => folder.startsWith(one)))
    .sort()
    .map((folder) => ({ folder, but: own.filter((one) => one.startsWith(folder)) }));
}

/**
 * The condition that keeps a function's role for reading from these folders. On the bucket itself it applies, so that such a role can
 * hold storage.objects.list, which shows the names of all objects.
 */
export function visibleCondition(
  bucket: string,
  functionName: string,
  hidden: readonly HiddenFolder[],
): { readonly title: string; readonly expression: string } {
  const begins = beginsIn(bucket);
  const clauses = hidden.map(({ folder, but }) =>
    but.length === 0
      ? begins(folder)
      : `(${[begins(folder), ...but.map((one) => `!${begins(one)}`)].join(' && ')})`,
  );
  return {
    title: `costguard: what ${functionName} reads`,
    expression: `!(${clauses.join(' || ')})`,
  };
}

function beginsIn(bucket: string): (folder: string) => string {
  return (folder) => `resource.name.startsWith("projects/_/buckets/${bucket}/objects/${folder}")`;
}

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
  return {
    title: `costguard: folders of ${functionName}`,
    expression: folders.map(beginsIn(bucket)).join(' || '),
  };
}
