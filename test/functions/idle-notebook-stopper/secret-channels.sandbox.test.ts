import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { notebookSweep } from '../../../functions/idle-notebook-stopper/function.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import type { Scenario } from '../../sandbox/scenario.ts';
import { withFunctionInProcess, type InProcess } from '../../support/in-process.ts';
import { idle, labPolicy, labScenario, NAME, OPERATIONS } from '../../support/lab.ts';
import { carriedOut, messagesOf } from '../../support/observe.ts';

const ADDRESS = 'https://hooks.slack.example/services/T0/B0/very-secret';
const ACCOUNT = `${NAME}@${OPERATIONS}.iam.gserviceaccount.com`;
const SECRET = `projects/${OPERATIONS}/secrets/slack/versions/latest`;

interface Secret {
  readonly id: string;
  readonly versions: { readonly text: string; readonly state?: 'DISABLED' }[];
  readonly accessors?: string[];
}

/** One tick over one idle notebook with a Slack channel; every stop must have been made. */
async function told(
  secrets: readonly Secret[],
  test: (world: InProcess, posted: readonly string[]) => void,
): Promise<void> {
  const posted: string[] = [];
  await withFunctionInProcess(
    {
      name: NAME,
      scenario: withSecrets(labScenario([idle('idle-1')]), secrets),
      policy: `${labPolicy()}notify:\n  channels: [{kind: slack, secret: ${SECRET}}]\n`,
      handle: (runtime, event) => runTick(runtime, notebookSweep, event),
      post: (url) => {
        posted.push(url);
        return Promise.resolve({ status: 200, retryAfter: undefined, text: 'ok' });
      },
    },
    async (world) => {
      await world.deliver();
      assert.deepEqual(carriedOut(world.sandbox, 'stop'), { 'idle-1': 1 });
      assert.equal(JSON.stringify(world.lines).includes('very-secret'), false);
      test(world, posted);
    },
  );
}

function withSecrets(scenario: Scenario, secrets: readonly Secret[]): Scenario {
  const [operations, ...others] = scenario.projects;
  assert.ok(operations !== undefined);
  const seeds = secrets.map(({ accessors = [ACCOUNT], versions, id }) => ({
    id,
    accessors,
    versions: versions.map(({ state = 'ENABLED' as const, text }) => ({ text, state })),
  }));
  return { ...scenario, projects: [{ ...operations, secrets: seeds }, ...others] };
}

const slack = (more: Partial<Secret> = {}): Secret => ({
  id: 'slack',
  versions: [{ text: ADDRESS }],
  ...more,
});
const warningOf = (world: InProcess): string =>
  messagesOf(world.lines, 'WARNING').find((text) => text.startsWith('Cannot tell')) ?? '';

describe("a channel's secret", () => {
  it('is read from Secret Manager by its reference, once a run, and never logged', () =>
    told(
      [slack({ versions: [{ text: 'https://old.example/' }, { text: `${ADDRESS}\n` }] })],
      (world, posted) => {
        assert.deepEqual(posted, [ADDRESS]);
        const calls = world.sandbox.callLog.calls('secretmanager.projects.secrets.versions.access');
        assert.deepEqual(
          calls.map(({ status }) => status),
          [200],
        );
        assert.equal(warningOf(world), '');
      },
    ));

  const failing: readonly (readonly [string, readonly Secret[], RegExp])[] = [
    ['that the function may not read (403)', [slack({ accessors: [] })], /HTTP 403/],
    ['that is not there (404)', [], /HTTP 40[34]/],
    ['without a version (404)', [slack({ versions: [] })], /HTTP 404/],
    ['whose version is disabled', [slack({ versions: [{ text: ADDRESS, state: 'DISABLED' }] })], /HTTP 400/],
    [
      'that holds no address',
      [slack({ versions: [{ text: 'very-secret' }] })],
      /holds no https:\/\/ address/,
    ],
  ];
  for (const [title, secrets, why] of failing)
    it(`${title} blocks no stop, and is a warning`, () =>
      told(secrets, (world, posted) => {
        assert.deepEqual(posted, []);
        assert.match(warningOf(world), why);
      }));
});
