import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { lifecycleSweep } from '../../../functions/lifecycle-enforcer/function.ts';
import { ruleDigest } from '../../../functions/lifecycle-enforcer/rules/identity.ts';
import type { StoredRule } from '../../../shared/google/buckets.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { askGoogle } from '../../support/ask-google.ts';
import { eventOf, startInstance, withSandbox, type InstanceOptions } from '../../support/in-process.ts';
import { OPERATIONS } from '../../support/lab.ts';
import {
  ABORT,
  bucketScenario,
  deleteAfter,
  lifecyclePolicy,
  moveTo,
  NAME,
  rulesOf,
  type BucketInput,
} from '../../support/bucket-lab.ts';

const RUNS = 20;
/** Changes that another user makes to each bucket meanwhile. */
const CHANGES = 8;
const OWNER = 'owner@example.com';
const TOPIC = `projects/${OPERATIONS}/topics/costguard-${NAME}`;
/** What costguard calls, and what the others call here. */
const PATCH = 'storage.buckets.patch';
const PUT = 'storage.buckets.update';

const foreignRule = (serial: number): StoredRule =>
  deleteAfter(1_000 + serial, { matchesPrefix: [`team/${serial}/`] });
const STANDING = moveTo('ARCHIVE', 900, { matchesPrefix: ['standing/'] });

const BUCKETS: readonly BucketInput[] = ['a', 'b'].map((name) => ({
  name: `contended-${name}`,
  lifecycle: { rule: [STANDING, deleteAfter(1_000, { matchesPrefix: ['team/0/'] })] },
}));

const options = (policy: string): InstanceOptions => ({ name: NAME, policy, pauses: 'none' });

/** One delivery to an instance of its own; an event that is to be delivered again is no error here. */
async function deliver(sandbox: Sandbox, policy: string, messageId: string): Promise<'done' | 'again'> {
  const { runtime } = startInstance(sandbox, options(policy));
  try {
    await runTick(runtime, lifecycleSweep, eventOf(TOPIC, { messageId }));
    return 'done';
  } catch {
    return 'again';
  }
}

/**
 * A user who replaces one of the team's rules by another one and now and then drops one of costguard's, properly: read,
 * change, write it all back under a precondition.
 */
async function changeRules(sandbox: Sandbox, bucket: string, serial: number): Promise<void> {
  const url = `https://storage.googleapis.com/storage/v1/b/${bucket}`;
  for (;;) {
    const { body } = await askGoogle(sandbox, OWNER, 'GET', url);
    const { rule } = body['lifecycle'] as { readonly rule: readonly StoredRule[] };
    const dropped = [
      serial % 3 === 0
        ? undefined
        : rule.find(({ condition }) => JSON.stringify(condition).includes('team/')),
      serial % 4 < 2 ? rule.find((one) => !isForeign(one)) : undefined,
    ];
    const wanted = [...rule.filter((one) => !dropped.includes(one)), foreignRule(serial)];
    const precondition = `?ifMetagenerationMatch=${String(body['metageneration'])}`;
    const { status } = await askGoogle(sandbox, OWNER, 'PUT', url + precondition, {
      ...body,
      lifecycle: { rule: wanted },
    });
    if (status === 200) return;
    assert.equal(status, 412);
  }
}

interface Change {
  readonly by: 'owner' | 'costguard';
  readonly after: number;
  readonly rules: readonly StoredRule[];
}

/** All changes of a bucket that got through, in the order in which they did, from the call log alone. */
function changesOf(sandbox: Sandbox, bucket: string): readonly Change[] {
  return [...sandbox.callLog.calls(PATCH), ...sandbox.callLog.calls(PUT)]
    .filter(({ path, status }) => path.endsWith(`/${bucket}`) && status === 200)
    .map(({ id, query, body }): Change => {
      const after = new URLSearchParams(query).get('ifMetagenerationMatch');
      assert.notEqual(after, null, 'a write without a precondition');
      const { lifecycle } = JSON.parse(body) as { readonly lifecycle: { readonly rule: StoredRule[] } };
      return { by: id === PUT ? 'owner' : 'costguard', after: Number(after), rules: lifecycle.rule };
    })
    .sort((one, other) => one.after - other.after);
}

const isForeign = ({ condition }: StoredRule): boolean => /team\/|standing\//.test(JSON.stringify(condition));
const foreignIn = (rules: readonly StoredRule[]): readonly string[] =>
  rules.filter(isForeign).map(ruleDigest);

describe('lifecycle-enforcer in parallel', () => {
  const scenario = bucketScenario(BUCKETS);
  const policy = lifecyclePolicy();

  it(`loses no foreign change over ${RUNS} runs and a writer that goes on meanwhile`, () =>
    withSandbox({ scenario, frozen: true }, async (sandbox) => {
      // Many of costguard's writes are slow, so that the others come in between its reading and its writing.
      sandbox.faults.add({
        route: PATCH,
        probability: 0.6,
        seed: 3,
        fault: { kind: 'latency', milliseconds: 150 },
      });
      const writers = BUCKETS.map(async ({ name }, at) => {
        for (let change = 0; change < CHANGES; change += 1)
          await changeRules(sandbox, name, 1 + at + change * BUCKETS.length);
      });
      const ends = await Promise.all(
        Array.from({ length: RUNS }, (_, run) => deliver(sandbox, policy, `1300000000${run}`)),
      );
      await Promise.all(writers);
      sandbox.faults.clear();
      assert.ok(ends.includes('done'));
      const beaten = sandbox.callLog.calls(PATCH).filter(({ status }) => status === 412);
      assert.ok(beaten.length > BUCKETS.length, 'no other run came in between: the test shows nothing');

      for (const { name } of BUCKETS) {
        let rules: readonly StoredRule[] = BUCKETS[0]?.lifecycle?.rule ?? [];
        let metageneration = 1;
        const changes = changesOf(sandbox, name);
        for (const change of changes) {
          assert.equal(change.after, metageneration++);
          if (change.by === 'costguard') {
            assert.deepEqual(foreignIn(change.rules), foreignIn(rules), `${name} after ${change.after}`);
            assert.equal(new Set(change.rules.map(ruleDigest)).size, change.rules.length);
          }
          rules = change.rules;
        }
        assert.deepEqual(rulesOf(sandbox, name), rules);
        assert.ok(changes.some(({ by }) => by === 'costguard') && changes.some(({ by }) => by === 'owner'));
      }

      assert.equal(await deliver(sandbox, policy, '14'), 'done');
      for (const { name } of BUCKETS) {
        const present = rulesOf(sandbox, name).map(ruleDigest);
        for (const wanted of [moveTo('NEARLINE', 30), ABORT]) assert.ok(present.includes(ruleDigest(wanted)));
      }

      // After all that it still knows its own rules from those of the others.
      const before = new Map(BUCKETS.map(({ name }) => [name, foreignIn(rulesOf(sandbox, name))]));
      const changed = lifecyclePolicy({ rules: [moveTo('COLDLINE', 60)] });
      assert.equal(await deliver(sandbox, changed, '15'), 'done');
      for (const { name } of BUCKETS) {
        const rules = rulesOf(sandbox, name);
        assert.deepEqual(foreignIn(rules), before.get(name));
        assert.deepEqual(
          rules.filter((rule) => !isForeign(rule)),
          [moveTo('COLDLINE', 60)],
        );
      }
    }));

  it(`writes each bucket once at ${RUNS} parallel runs`, () =>
    withSandbox({ scenario, frozen: true }, async (sandbox) => {
      const ends = await Promise.all(
        Array.from({ length: RUNS }, (_, run) => deliver(sandbox, policy, `1300000000${run}`)),
      );
      assert.deepEqual(new Set(ends), new Set(['done']));
      for (const { name } of BUCKETS) {
        assert.equal(changesOf(sandbox, name).length, 1);
        assert.equal(sandbox.storage.bucket(name)?.metageneration, 2);
      }
    }));
});
