import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { carryOut } from '../../../deploy/setup/carry-out.ts';
import type { Step } from '../../../deploy/setup/step.ts';

const STEPS: readonly Step[] = [
  { why: 'first', args: ['pubsub', 'topics', 'create', 'a'] },
  { why: 'second', args: ['pubsub', 'topics', 'create', 'b'] },
];

/** Carries the steps out with a gcloud that says these things, one a call, and after that nothing but success. */
async function carry(errors: readonly string[]) {
  const waits: number[] = [];
  const commands: string[] = [];
  const lines: string[] = [];
  const open = [...errors];
  const done = carryOut(
    {
      gcloud: async (args) => {
        commands.push(args.at(-1) ?? '');
        const stderr = open.shift() ?? '';
        return { code: stderr === '' ? 0 : 1, stdout: '', stderr };
      },
      say: (line) => void lines.push(line),
      sleep: async (milliseconds) => void waits.push(milliseconds),
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

describe('carryOut', () => {
  const settling: readonly (readonly [string, string])[] = [
    [
      'an account that is not known everywhere yet',
      'ERROR: Policy modification failed. INVALID_ARGUMENT: Service account budget-restore@ops.iam.gserviceaccount.com does not exist.',
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
      "the rights of Google's own agents after an API was enabled",
      'ERROR: Permission denied while using the Eventarc Service Agent. If you recently started to use Eventarc, it may take a few minutes before all necessary permissions are propagated to the Service Agent.',
    ],
  ];
  for (const [what, stderr] of settling)
    it(`waits for ${what} and says so`, async () => {
      const { waits, commands, lines, failure } = await carry([stderr, stderr]);
      assert.equal(failure, undefined);
      assert.deepEqual(commands, ['a', 'a', 'a', 'b']);
      assert.deepEqual(waits, [5_000, 10_000]);
      assert.match(lines.join('\n'), /not yet: ERROR: .*; once more in 5 s\n/);
    });

  it('gives up when it does not settle, after more than three minutes', async () => {
    const { waits, commands, failure = '' } = await carry(Array<string>(20).fill(ABORTED));
    assert.deepEqual(commands, Array<string>(7).fill('a'));
    assert.equal(
      waits.reduce((sum, wait) => sum + wait, 0),
      195_000,
    );
    assert.match(failure, /concurrent policy changes/);
  });

  const final: readonly string[] = [
    'ERROR: (gcloud.pubsub.topics.create) PERMISSION_DENIED: User not authorized to perform this action.',
    'ERROR: (gcloud.pubsub.topics.create) INVALID_ARGUMENT: Invalid resource name given.',
    'ERROR: (gcloud.pubsub.topics.create) RESOURCE_EXHAUSTED: Your project has exceeded a limit.',
  ];
  for (const stderr of final)
    it(`does not wait for what stays as it is: ${stderr.split(' ')[2] ?? ''}`, async () => {
      const { waits, commands, failure = '' } = await carry([stderr]);
      assert.deepEqual([waits, commands], [[], ['a']]);
      assert.ok(failure.includes(stderr), failure);
    });
});
