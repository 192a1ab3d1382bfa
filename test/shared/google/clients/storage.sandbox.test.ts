import { describe, expect, it } from 'vitest';
import { listVersions } from '../../../../functions/lifecycle-enforcer/forecast/versions.ts';
import type { Api } from '../../../../shared/google/api.ts';
import { createRuntimeApi } from '../../../../shared/run/runtime-api.ts';
import { createState } from '../../../../shared/state/state.ts';
import type { Sandbox } from '../../../sandbox/sandbox.ts';
import { startInstance, withSandbox } from '../../../support/in-process.ts';
import { BUCKET, labPolicy, labScenario } from '../../../support/lab.ts';

const LIST = 'storage.objects.list';

/** The listing of a bucket by Google's client, in the enforcer's name. */
function withListing(
  test: (list: () => Promise<string[]>, api: Api, sandbox: Sandbox) => Promise<void>,
): Promise<void> {
  return withSandbox({ scenario: labScenario([]), frozen: true }, async (sandbox) => {
    const { runtime } = startInstance(sandbox, {
      name: 'lifecycle-enforcer',
      policy: labPolicy(),
      attemptTimeoutMs: 2_000,
    });
    const api = createRuntimeApi(runtime, 60_000);
    const list = async (): Promise<string[]> => {
      const names: string[] = [];
      for await (const [version] of listVersions(api, BUCKET, undefined, () => undefined))
        if (version !== undefined) names.push(version.name);
      return names;
    };
    const state = createState({ api, bucket: BUCKET });
    for (const name of ['memory/lifecycle-enforcer/a b.json', 'memory/lifecycle-enforcer/ü.json'])
      await state.write(name, '{}');
    await test(list, api, sandbox);
  });
}

describe("Google's storage client", () => {
  it('lists what a bucket holds', () =>
    withListing(async (list, api) => {
      expect(await list()).toEqual([
        'memory/lifecycle-enforcer/a b.json',
        'memory/lifecycle-enforcer/ü.json',
      ]);
      expect(api.calls[LIST]).toBe(1);
    }));

  for (const fault of [{ kind: 'status', status: 503 }, { kind: 'reset' }, { kind: 'timeout' }] as const)
    it(`makes single attempts: a ${fault.kind} is retried by the one retry policy, and counted`, () =>
      withListing(async (list, api, sandbox) => {
        sandbox.faults.add({ route: LIST, count: 2, fault });
        expect(await list()).toHaveLength(2);
        expect(api.calls[LIST]).toBe(3);
      }));

  it('tells status, reason and text of a refusal', () =>
    withListing(async (list, _, sandbox) => {
      sandbox.faults.add({ route: LIST, fault: { kind: 'status', status: 403, message: 'Not for you.' } });
      await expect(list()).rejects.toMatchObject({
        name: 'GoogleApiError',
        status: 403,
        reason: 'forbidden',
        message: `Cannot call "${LIST}": HTTP 403: Not for you.`,
      });
    }));
});
