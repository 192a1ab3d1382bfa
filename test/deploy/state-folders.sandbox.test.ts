import { describe, expect, it } from 'vitest';
import { readFunctions } from '../../deploy/desired/settings.ts';
import { GoogleApiError } from '../../shared/google/google-api-error.ts';
import { createRuntimeApi } from '../../shared/run/runtime-api.ts';
import { createState, type State } from '../../shared/state/state.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { startInstance, withSandbox } from '../support/in-process.ts';
import { BUCKET, labPolicy, labScenario } from '../support/lab.ts';
import { writePolicy } from './exercises.ts';

const functions = await readFunctions();

/** The state bucket as a function's own account sees it, with what deploy.sh grants it. */
function stateOf(sandbox: Sandbox, name: string): State {
  const { runtime } = startInstance(sandbox, { name, policy: labPolicy() });
  return createState({ api: createRuntimeApi(runtime, 60_000), bucket: BUCKET });
}

async function refusal(work: Promise<unknown>): Promise<number | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof GoogleApiError) return error.status;
    throw error;
  }
}

/** What all functions write, and where a policy may lie. */
const NAMES = [
  ...new Set(functions.flatMap(({ settings }) => settings.writes.map((start) => `${start}planted.json`))),
  'costguard.yaml',
  'policies/costguard.yaml',
  'receipts/planted.json',
];

const LADDER = ['manifests/', 'messages/', 'not-offered/', 'policy/budget-kill-switch.yaml'];
const KEY = 'guardrail-audit/';
const STOPPER = 'memory/idle-notebook-stopper/';
const ENFORCER = ['memory/lifecycle-enforcer/', 'sweeps/lifecycle-enforcer/'];
const ALL = [KEY, 'ledgers/', ...LADDER, 'spend/', 'spend/in-force/', STOPPER, ...ENFORCER].sort();
const but = (...visible: readonly string[]): readonly string[] => ALL.filter((one) => !visible.includes(one));

/** What each function may not read: the key of the audit's digests is the audit's alone. */
const HIDDEN: Readonly<Record<string, readonly string[]>> = {
  'budget-kill-switch': but('ledgers/', 'spend/', 'spend/in-force/', ...LADDER),
  'budget-restore': but('manifests/', 'spend/in-force/', 'policy/budget-kill-switch.yaml'),
  'cost-estimator': ALL,
  'egress-auditor': ALL,
  'guardrail-audit': but(KEY),
  'idle-notebook-stopper': but(STOPPER, 'spend/in-force/'),
  'lifecycle-enforcer': but(...ENFORCER),
  'spend-watch': but('ledgers/', 'messages/'),
};

describe('an account of a function in the state bucket', () => {
  for (const { name, settings } of functions)
    it(`${name} adds and replaces nothing outside of its own folders`, () =>
      withSandbox({ scenario: labScenario([]), frozen: true }, async (sandbox) => {
        const state = stateOf(sandbox, name);
        // Those whose objects are there already, written by the function that may.
        for (const other of functions)
          for (const start of other.settings.writes)
            await stateOf(sandbox, other.name).write(`${start}there.json`, '{}');
        const before = sandbox.storage.objectNames(BUCKET);
        const own = (object: string): boolean => settings.writes.some((start) => object.startsWith(start));
        for (const object of NAMES)
          expect([object, await refusal(state.write(object, '{}'))]).toEqual([
            object,
            own(object) ? undefined : 403,
          ]);
        for (const object of before.filter(own))
          expect([object, await refusal(state.write(object, '{"replaced":true}'))]).toEqual([
            object,
            settings.state === 'all' ? undefined : 403,
          ]);
        for (const object of before.filter((one) => !own(one)))
          expect([object, await refusal(state.write(object, '{"planted":true}'))]).toEqual([object, 403]);
        const upload = state.upload('manifests/planted/large.json');
        await upload.write([`"${'x'.repeat(5 * 1024 * 1024)}"`]);
        expect(await refusal(upload.finish())).toBe(own('manifests/') ? undefined : 403);
        const foreign = sandbox.storage
          .objectNames(BUCKET)
          .filter((one) => !own(one) && !before.includes(one));
        expect(foreign).toEqual([]);
      }));

  it('reads the folders alone that it writes or uses, receipts, and a policy that lies there', () =>
    withSandbox({ scenario: labScenario([]), frozen: true }, async (sandbox) => {
      for (const { name, settings } of functions)
        for (const start of settings.writes) await stateOf(sandbox, name).write(`${start}there.json`, '{}');
      await writePolicy(sandbox, labPolicy());
      const names = [...sandbox.storage.objectNames(BUCKET), 'spend/in-force/there.json'];
      for (const { name } of functions) {
        const state = stateOf(sandbox, name);
        const hidden: string[] = [];
        for (const object of names) if ((await refusal(state.read(object))) === 403) hidden.push(object);
        expect([name, hidden.map((one) => one.replace(/there\.json$/, '')).sort()]).toEqual([
          name,
          HIDDEN[name],
        ]);
      }
    }));

  it('egress-auditor, which only reads, plants no manifest, no message in force and no policy', () =>
    withSandbox({ scenario: labScenario([]), frozen: true }, async (sandbox) => {
      const state = stateOf(sandbox, 'egress-auditor');
      for (const name of [
        'manifests/0A1B2C-3D4E5F-6A7B8C/b/2026-11-01/ml-lab.json',
        'spend/0A1B2C-3D4E5F-6A7B8C/b/in-force.json',
        'ledgers/ml-lab.json',
        'policy/budget-kill-switch.yaml',
        'memory/idle-notebook-stopper/ml-lab.json',
        'receipts/budget-kill-switch/2026/11/18/planted.json',
      ])
        expect([name, await refusal(state.write(name, '{}'))]).toEqual([name, 403]);
      expect(sandbox.storage.objectNames(BUCKET)).toEqual([]);
    }));
});
