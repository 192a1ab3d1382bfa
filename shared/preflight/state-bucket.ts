import { notPassed, orUnknown, pass, roleRemedies, type Check, type Inspection } from './check.ts';
import { isMissing } from './is-missing.ts';
import { closedFolders, missingOnBucket, statePermissions } from './permissions.ts';
import { foldersCondition, hiddenFromSwitch, switchFolders, visibleCondition } from './state-folders.ts';

/** The bucket that holds the ladder's state and the restore manifests: nothing is taken away without it. */
export async function inspectStateBucket(inspection: Inspection, bucket: string): Promise<Check> {
  const { switchApi, options } = inspection;
  const place = { id: 'state-access', subject: `gs://${bucket}` };
  return orUnknown(place, inspection, [], async () => {
    try {
      const missing = await missingOnBucket(switchApi, bucket, statePermissions);
      const closed = await closedFolders(switchApi, bucket, switchFolders);
      if (missing.length === 0 && closed.length === 0)
        return pass(place, `${options.account} can read it and write its own folders`);
      const lacks = [
        ...(missing.length === 0 ? [] : [`lacks ${missing.join(', ')}`]),
        ...(closed.length === 0 ? [] : [`cannot write ${closed.join(', ')}`]),
      ];
      return notPassed(place, 'fail', `${options.account} ${lacks.join(' and ')}`, [
        ...(missing.length === 0
          ? []
          : bindStateRole(inspection, bucket, 'read', `--condition='${visible(bucket)}'`)),
        ...(closed.length === 0
          ? []
          : bindStateRole(inspection, bucket, 'write', `--condition='${ownFolders(bucket)}'`)),
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

/** The commands that give the switch's account its role on the state bucket. */
function bindStateRole(
  { options }: Inspection,
  bucket: string,
  kind: 'read' | 'write',
  condition: string,
): readonly string[] {
  const id = kind === 'read' ? 'costguardStateRead' : 'costguardStateWrite';
  return roleRemedies(
    { id, file: `deploy/functions/state-${kind}-role.yaml`, project: options.project },
    false,
    (role) =>
      `gcloud storage buckets add-iam-policy-binding gs://${bucket} --member=serviceAccount:${options.account} --role=${role} ${condition}`,
  );
}
