import { notPassed, orUnknown, pass, roleRemedies, type Check, type Inspection } from './check.ts';
import { isMissing } from './is-missing.ts';
import { closedFolders, missingOnBucket, statePermissions } from './permissions.ts';
import { roleExists } from './role-exists.ts';
import {
  foldersCondition,
  hiddenFromSwitch,
  switchFolders,
  switchReplaces,
  visibleCondition,
} from './state-folders.ts';

/** The bucket that holds the ladder's state and the restore manifests: nothing is taken away without it. */
export async function inspectStateBucket(inspection: Inspection, bucket: string): Promise<Check> {
  const { switchApi, options } = inspection;
  const place = { id: 'state-access', subject: `gs://${bucket}` };
  return orUnknown(place, inspection, [], async () => {
    try {
      const missing = await missingOnBucket(switchApi, bucket, statePermissions);
      // Who may not list may be told 403 of what is not there, whatever else it may do.
      const replace = missing.includes('storage.objects.list') ? [] : switchReplaces;
      const closed = await closedFolders(switchApi, bucket, { add: switchFolders, replace });
      const lacks = [
        ...(missing.length === 0 ? [] : [`lacks ${missing.join(', ')}`]),
        ...(closed.add.length === 0 ? [] : [`cannot write ${closed.add.join(', ')}`]),
        ...(closed.replace.length === 0 ? [] : [`cannot replace objects in ${closed.replace.join(', ')}`]),
      ];
      if (lacks.length === 0)
        return pass(place, `${options.account} can read it, and write and replace in its own folders`);
      return notPassed(place, 'fail', `${options.account} ${lacks.join(' and ')}`, [
        ...(missing.length === 0
          ? []
          : await bindStateRole(inspection, bucket, 'read', missing.length < statePermissions.length)),
        ...(closed.add.length + closed.replace.length === 0
          ? []
          : await bindStateRole(inspection, bucket, 'write', closed.add.length < switchFolders.length)),
      ]);
    } catch (error) {
      if (!isMissing(error)) throw error;
      return notPassed(place, 'fail', 'it does not exist', [
        `gcloud storage buckets create gs://${bucket} --project=${options.project} --location=LOCATION --uniform-bucket-level-access`,
      ]);
    }
  });
}

function ownFolders(bucket: string): string {
  return conditionText(foldersCondition(bucket, 'budget-kill-switch', switchFolders));
}

function visible(bucket: string): string {
  return conditionText(visibleCondition(bucket, 'budget-kill-switch', hiddenFromSwitch));
}

function conditionText({
  title,
  expression,
}: {
  readonly title: string;
  readonly expression: string;
}): string {
  return `expression=${expression},title=${title}`;
}

/** The commands that give the switch's account its role on the state bucket. `holdsSome`: it has something of it already. */
async function bindStateRole(
  { api, options }: Inspection,
  bucket: string,
  kind: 'read' | 'write',
  holdsSome: boolean,
): Promise<readonly string[]> {
  const { project, account } = options;
  const id = kind === 'read' ? 'costguardStateRead' : 'costguardStateWrite';
  const condition = kind === 'read' ? visible(bucket) : ownFolders(bucket);
  // All functions of the operations project share it.
  const exists = holdsSome || (await roleExists(api, `projects/${project}/roles/${id}`)) === true;
  return roleRemedies(
    { id, file: `deploy/functions/state-${kind}-role.yaml`, project },
    exists,
    (role) =>
      `gcloud storage buckets add-iam-policy-binding gs://${bucket} --member=serviceAccount:${account} --role=${role} --condition='${condition}'`,
  );
}
