import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, it } from 'vitest';
import { startSandbox } from '../sandbox/sandbox.ts';
import { askGoogle } from '../support/ask-google.ts';
import { busy, LAB, labScenario, OPERATIONS } from '../support/lab.ts';
import { ASSUMPTIONS } from './assumptions.ts';
import { LIVE_CHECKS } from './checks.ts';
import { createReadOnlyClient, type Answer, type Send } from './read-only.ts';
import { verifyLive } from './verify-live.ts';

const OWNER = 'owner@example.com';

interface Ended {
  readonly code: number;
  readonly output: string;
  /** Assumption -> what was found. */
  readonly found: Readonly<Record<string, string>>;
  readonly methods: readonly string[];
}

/** Runs the command against a sandbox; `answer` may change what it says. */
async function run(
  args: readonly string[],
  answer: (url: string, given: Answer) => Answer = (_, given) => given,
): Promise<Ended> {
  const scenario = labScenario([busy('at-work')]);
  const sandbox = await startSandbox({ scenario, frozen: true });
  for (const project of [OPERATIONS, LAB])
    sandbox.iam.bind({ member: OWNER, role: 'roles/owner', permissions: 'all', on: `projects/${project}` });
  let output = '';
  try {
    const send: Send = async (method, url) => answer(url, await askGoogle(sandbox, OWNER, method, url));
    const code = await verifyLive(args, {
      connect: () => Promise.resolve(send),
      now: () => sandbox.clock.now(),
      sleep: (milliseconds) => sandbox.clock.advance(milliseconds),
      out: (text) => (output += text),
      err: (text) => (output += text),
    });
    const found = [...output.matchAll(/^(holds|does not hold|not checked)\s+([\w-]+) /gm)].map(
      ([, result = '', id = '']) => [id, result],
    );
    return {
      code,
      output,
      found: Object.fromEntries(found) as Record<string, string>,
      methods: [...new Set(sandbox.callLog.calls().map(({ method }) => method))],
    };
  } finally {
    await sandbox.close();
  }
}

describe('verify-live', () => {
  it('says first that it changes nothing, sends nothing but GET and finds what holds', async () => {
    const { output, found, methods } = await run(['--project', OPERATIONS]);
    assert.match(output, /^This reads from ml-ops-local and changes nothing/);
    assert.deepEqual(methods, ['GET']);
    assert.deepEqual(
      Object.keys(found),
      ASSUMPTIONS.map(({ id }) => id),
    );
    for (const id of [
      'notebooks-wildcard',
      'notebooks-missing',
      'storage-missing-object',
      'project-missing',
      'compute-partial-success',
      'vertex-locations',
      'answers-as-discovery',
    ])
      assert.equal(found[id], 'holds', `${id}\n${output}`);
    assert.equal(found['notebooks-heartbeat'], 'not checked', 'no instance there');
  });

  it('looks at a running instance: its VM and its series', async () => {
    const { output, found } = await run(['--project', LAB]);
    for (const id of ['notebooks-instance-id', 'monitoring-instance-id'])
      assert.equal(found[id], 'holds', `${id}\n${output}`);
    assert.notEqual(found['notebooks-heartbeat'], 'not checked', output);
  });

  it.each([
    [{ workerPoolSpecs: [{ machine_spec: {} }] }, 'holds'],
    [{ workerPoolSpecs: [{ machineSpec: {} }] }, 'not checked'],
    [{ targetColumn: 'y' }, 'not checked'],
  ])('reads the inputs of training pipelines: %j is %s', async (trainingTaskInputs, result) => {
    const { output, found } = await run(['--project', LAB], (url, given) =>
      url.includes('trainingPipelines') ? { status: 200, body: { trainingPipelines: [{ trainingTaskInputs }] } } : given,
    ); // prettier-ignore
    assert.equal(found['vertex-task-inputs'], result, output);
  });

  it('finds what does not hold, and ends with 1', async () => {
    const { code, found } = await run(['--project', LAB], (url, given) => {
      if (url.includes('locations/-/')) return { status: 400, body: {} };
      if (url.includes('no-such-project')) return { status: 404, body: {} };
      if (url.includes('returnPartialSuccess')) return { status: 200, body: { kind: 'k', partial: true } };
      return given;
    });
    assert.equal(code, 1);
    assert.deepEqual(
      [
        found['notebooks-wildcard'],
        found['project-missing'],
        found['answers-as-discovery'],
        found['notebooks-missing'],
      ],
      ['does not hold', 'does not hold', 'does not hold', 'holds'],
    );
  });

  it('counts a refusal as not checked', async () => {
    const { code, found } = await run(['--project', LAB], () => ({
      status: 403,
      body: { error: { message: 'no' } },
    }));
    assert.deepEqual(
      [code, found['vertex-locations'], found['billing-info']],
      [0, 'not checked', 'not checked'],
    );
  });

  it('wants a project', async () => {
    const { code, output } = await run([]);
    assert.equal(code, 2);
    assert.match(output, /--project P/);
  });

  it('has a client that refuses to change anything, and to talk to anybody but Google', async () => {
    const client = createReadOnlyClient(() => Promise.reject(new Error('was sent')));
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'post'])
      await assert.rejects(client.request(method, 'https://compute.googleapis.com/'), /only reads/);
    await assert.rejects(client.get('https://googleapis.com.example.org/'), /no API of Google/);
  });
});

describe('the list of assumptions', () => {
  it('names files that are there, each fact once, and a check for each that is live', () => {
    assert.equal(new Set(ASSUMPTIONS.map(({ id }) => id)).size, ASSUMPTIONS.length);
    for (const { simulatedIn } of ASSUMPTIONS)
      assert.ok(existsSync(resolve(import.meta.dirname, '../..', simulatedIn)), simulatedIn);
    assert.deepEqual(
      ASSUMPTIONS.filter(({ live }) => live)
        .map(({ id }) => id)
        .sort(),
      Object.keys(LIVE_CHECKS).sort(),
    );
  });
});
