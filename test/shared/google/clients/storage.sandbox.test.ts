import { describe, expect, it } from 'vitest';
import { listVersions } from '../../../../functions/lifecycle-enforcer/forecast/versions.ts';
import { replaceLifecycle } from '../../../../shared/google/buckets.ts';
import { storageClient } from '../../../../shared/google/clients/storage.ts';
import { NotSent, Permit } from '../../../../shared/google/change/permit.ts';
import type { Api } from '../../../../shared/google/api.ts';
import { createRuntimeApi } from '../../../../shared/run/runtime-api.ts';
import { createState } from '../../../../shared/state/state.ts';
import type { Sandbox } from '../../../sandbox/sandbox.ts';
import { startInstance, withSandbox } from '../../../support/in-process.ts';
import { ABORT, deleteAfter, rulesOf, withEnforcer, lifecyclePolicy } from '../../../support/bucket-lab.ts';
import { BUCKET, labPolicy, labScenario } from '../../../support/lab.ts';
import { anyPermit } from '../../../support/scripted-api.ts';

const LIST = 'storage.objects.list';
const PATCH = 'storage.buckets.patch';

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

  it('sends nothing to a bucket whose name leads elsewhere', () =>
    withListing(async (_, api, sandbox) => {
      const before = sandbox.callLog.calls().length;
      const query = { maxResults: 1, fields: 'items/name' };
      for (const name of ['..', '.', 'a/../b', 'a?b', ''])
        await expect(storageClient(api.auth).listObjects(name, query), name).rejects.toThrow(
          `${JSON.stringify(name)} is no name of a bucket`,
        );
      expect(sandbox.callLog.calls()).toHaveLength(before);
    }));
});

describe("a bucket's lifecycle, replaced by Google's storage client", () => {
  const RULES = [deleteAfter(30, { matchesPrefix: ['{{projectId}}/', '$&/', 'tmp/'] }), ABORT];

  /** A bucket at its first metageneration, and the enforcer's calls. */
  function withBucket(test: (api: Api, sandbox: Sandbox) => Promise<void>): Promise<void> {
    return withEnforcer([{ name: 'experiments' }], lifecyclePolicy(), async ({ runtime, sandbox }) =>
      test(createRuntimeApi(runtime, 60_000), sandbox),
    );
  }

  it('has the rules as they were written, to the letter', () =>
    withBucket(async (api, sandbox) => {
      const sent = structuredClone(RULES);
      const options = { metageneration: '1' };
      expect(await replaceLifecycle(api, anyPermit(), 'experiments', sent, options)).toEqual(RULES);
      expect(rulesOf(sandbox, 'experiments')).toEqual(RULES);
      expect(sent).toEqual(RULES);
      expect(sandbox.callLog.calls(PATCH)).toMatchObject([
        { query: expect.stringContaining('fields=metageneration%2Clifecycle') as string },
      ]);
    }));

  it('is not replaced where the bucket changed meanwhile', () =>
    withBucket(async (api, sandbox) => {
      const patch = replaceLifecycle(api, anyPermit(), 'experiments', RULES, { metageneration: '7' });
      await expect(patch).rejects.toMatchObject({ name: 'GoogleApiError', status: 412 });
      expect(rulesOf(sandbox, 'experiments')).toEqual([]);
    }));

  it('is not sent where the permit has run out by the time that the token is there', () =>
    withBucket(async (api, sandbox) => {
      const stopped = new NotSent('the look before it is too old');
      let checks = 0;
      const permit = new Permit(() => {
        // The first one is made before the token is fetched.
        if (checks++ > 0) throw stopped;
      });
      const patch = replaceLifecycle(api, permit, 'experiments', RULES, { metageneration: '1' });
      await expect(patch).rejects.toBe(stopped);
      expect(sandbox.callLog.calls(PATCH)).toEqual([]);
    }));

  for (const fault of [
    { kind: 'status', status: 503 },
    { kind: 'reset' },
    { kind: 'reset', after: true },
  ] as const)
    it(`is requested once, whatever becomes of it: ${JSON.stringify(fault)}`, () =>
      withBucket(async (api, sandbox) => {
        sandbox.faults.add({ route: PATCH, count: 1, fault });
        const patch = replaceLifecycle(api, anyPermit(), 'experiments', RULES, { metageneration: '1' });
        await expect(patch).rejects.toMatchObject({ name: 'GoogleApiError', retryable: true });
        expect(sandbox.callLog.calls(PATCH)).toHaveLength(1);
        expect(api.calls[PATCH]).toBe(1);
      }));
});
