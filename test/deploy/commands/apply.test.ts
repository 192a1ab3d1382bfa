import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { apply } from '../../../deploy/commands/apply.ts';
import type { Step } from '../../../deploy/desired/step.ts';

const STEPS: readonly Step[] = [
  { why: 'first', args: ['pubsub', 'topics', 'create', 'a'] },
  { why: 'second', args: ['pubsub', 'topics', 'create', 'b'] },
];

/** Carries the steps out with a gcloud that says these things, one a call, and after that nothing but success. */
async function carry(errors: readonly string[], minutesPerCall = 0) {
  const waits: number[] = [];
  const commands: string[] = [];
  const lines: string[] = [];
  const open = [...errors];
  let nowMs = Date.parse('2026-11-18T22:00:00Z');
  const done = apply(
    {
      gcloud: async (args) => {
        commands.push(args.at(-1) ?? '');
        nowMs += minutesPerCall * 60_000;
        const stderr = open.shift() ?? '';
        return { code: stderr === '' ? 0 : 1, stdout: '', stderr };
      },
      say: (line) => void lines.push(line),
      sleep: async (milliseconds) => {
        waits.push(milliseconds);
        nowMs += milliseconds;
      },
      now: () => new Date(nowMs),
    },
    STEPS,
  );
  const failure = await done.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return { waits, commands, lines, failure };
}

const ABORTED =
  'ERROR: (gcloud.projects.add-iam-policy-binding) ABORTED: There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.';
const REPOSITORY =
  "ERROR: (gcloud.functions.deploy) OperationError: code=7, message=Unable to retrieve the repository metadata for projects/ml-ops/locations/us-central1/repositories/gcf-artifacts. Ensure that the Cloud Functions service account has 'artifactregistry.repositories.list' and 'artifactregistry.repositories.get' permissions. You can add the permissions by granting the role 'roles/artifactregistry.reader'.";
const API =
  'ERROR: (gcloud.iam.service-accounts.create) PERMISSION_DENIED: Identity and Access Management (IAM) API has not been used in project 100000000001 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/iam.googleapis.com/overview?project=100000000001 then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.';

describe('carryOut', () => {
  const settling: readonly (readonly [string, string])[] = [
    ['an API that was just enabled', API],
    [
      'an account that is not known everywhere yet',
      'ERROR: Policy modification failed.\nERROR: (gcloud.projects.add-iam-policy-binding) INVALID_ARGUMENT: Service account budget-restore@ops.iam.gserviceaccount.com does not exist.',
    ],
    [
      'a new account that a function is to run as',
      'ERROR: (gcloud.functions.deploy) ResponseError: status=[404], code=[Ok], message=[Service account projects/-/serviceAccounts/budget-restore@ops.iam.gserviceaccount.com was not found.]',
    ],
    [
      'a role that is not known everywhere yet',
      "ERROR: (gcloud.storage.buckets.add-iam-policy-binding) HTTPError 400: Role (projects/ops/roles/costguardState) does not exist in the resource's hierarchy.",
    ],
    ['the repository of images', REPOSITORY],
    [
      'the rights of the account that builds',
      "ERROR: (gcloud.functions.deploy) OperationError: code=3, message=Build failed with status: FAILURE. Could not build the function due to a missing permission on the build service account. If you didn't revoke that permission explicitly, this could be caused by a change in the organization policies.",
    ],
    [
      'its right to write the log of the build',
      'ERROR: The service account running this build projects/ops/serviceAccounts/costguard-build@ops.iam.gserviceaccount.com does not have permission to write logs to Cloud Logging. To fix this, grant the Logs Writer (roles/logging.logWriter) role to the service account.',
    ],
    [
      'its right to read the source',
      'ERROR: Build failed: failed to Fetch: failed to download archive gs://gcf-sources-653407317329-us-central1/f/function-source.zip: Access to bucket gcf-sources-653407317329-us-central1 denied. You must grant Storage Object Viewer permission to costguard-build@ops.iam.gserviceaccount.com.',
    ],
    ['a policy that changed in between', ABORTED],
    [
      'a folder whose policy changed in between, in the words of its own command',
      'ERROR: (gcloud.resource-manager.folders.add-iam-policy-binding) Folders instance [500100:setIamPolicy] is the subject of a conflict: There were concurrent policy changes.',
    ],
    [
      'a function that is being deployed',
      'ERROR: ResponseError: status=[409], code=[Aborted], message=[unable to queue the operation]',
    ],
    [
      'the rights of Eventarc\u2019s own account',
      'ERROR: (gcloud.functions.deploy) ResponseError: status=[400], code=[Bad Request], message=[Validation failed for trigger projects/ops/locations/us-central1/triggers/t-032436: Invalid resource state for "": Permission denied while using the Eventarc Service Agent. If you recently started to use Eventarc, it may take a few minutes before all necessary permissions are propagated to the Service Agent. Otherwise, verify that it has Eventarc Service Agent role.]',
    ],
    [
      'the rights of Cloud Run\u2019s own account',
      'ERROR: Google Cloud Run Service Agent service-1@serverless-robot-prod.iam.gserviceaccount.com must have permission to read the image, us-central1-docker.pkg.dev/ops/gcf-artifacts/f:latest. Ensure that the provided container image URL is correct and that the above account has permission to access the image. If you just enabled the Cloud Run API, the permissions might take a few minutes to propagate.',
    ],
  ];
  for (const [what, stderr] of settling)
    it(`waits for ${what} and says so`, async () => {
      const { waits, commands, lines, failure } = await carry([stderr, stderr]);
      assert.equal(failure, undefined);
      assert.deepEqual(commands, ['a', 'a', 'a', 'b']);
      assert.deepEqual(waits, [5_000, 10_000]);
      assert.match(
        lines.join('\n'),
        / {2}waiting for [^\n]+, up to \d+ min\n {4}Google says: ERROR: [^\n]+\n {4}next try in 5 s\n {4}next try in 10 s\n/,
      );
    });

  it('gives up at the deadline that it named, and says that the command can be run again', async () => {
    const { waits, lines, failure = '' } = await carry(Array<string>(99).fill(REPOSITORY));
    const total = waits.reduce((sum, wait) => sum + wait, 0);
    assert.ok(total > 9 * 60_000 && total <= 10 * 60_000, String(total));
    assert.match(lines.join('\n'), /up to 10 min/);
    assert.match(failure, /repository metadata[^]*Waited 10 min .* Run the same command again later/);
  });

  it('counts the time that the command itself takes', async () => {
    const { commands } = await carry(Array<string>(99).fill(REPOSITORY), 4);
    assert.deepEqual(commands, ['a', 'a', 'a', 'a']);
  });

  it('gives each thing its own time, and ends though two of them take turns', async () => {
    const { waits, failure } = await carry(
      Array.from({ length: 99 }, (_, i) => (i % 2 === 0 ? API : REPOSITORY)),
    );
    assert.notEqual(failure, undefined);
    assert.ok(waits.reduce((sum, wait) => sum + wait, 0) <= 20 * 60_000);
  });

  const final: readonly string[] = [
    'ERROR: (gcloud.pubsub.topics.create) PERMISSION_DENIED: User not authorized to perform this action.',
    'ERROR: (gcloud.pubsub.topics.create) INVALID_ARGUMENT: Invalid resource name given.',
    'ERROR: (gcloud.pubsub.topics.create) RESOURCE_EXHAUSTED: Your project has exceeded a limit.',
    'ERROR: (gcloud.functions.deploy) ERROR_BUILD: Build failed: npm ci failed.',
    "ERROR: (gcloud.functions.deploy) PERMISSION: Permission 'iam.serviceaccounts.actAs' denied on service account a@ops.iam.gserviceaccount.com (or it may not exist).",
    'ERROR: (gcloud.functions.deploy) UNHEALTHY: Could not create or update Cloud Run service, Container Healthcheck failed.',
    'ERROR: (gcloud.billing.budgets.list) QUOTA_PROJECT: The billingbudgets.googleapis.com API requires a quota project, which is not set by default.',
    'ERROR: (gcloud.projects.add-iam-policy-binding) ROLE: Role roles/nothing is not supported for this resource.',
  ];
  for (const stderr of final)
    it(`does not wait for what stays as it is: ${stderr.split(' ')[2] ?? ''}`, async () => {
      const { waits, commands, failure = '' } = await carry([stderr]);
      assert.deepEqual([waits, commands], [[], ['a']]);
      assert.ok(failure.includes(stderr), failure);
    });
});
