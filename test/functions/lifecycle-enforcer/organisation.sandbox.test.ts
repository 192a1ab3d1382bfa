import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { lifecycleSweep } from '../../../functions/lifecycle-enforcer/function.ts';
import { ruleDigest } from '../../../functions/lifecycle-enforcer/rules/identity.ts';
import { parsePolicy } from '../../../shared/policy/policy.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import { createClock } from '../../sandbox/clock/clock.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { readScenario, type Scenario } from '../../sandbox/scenario.ts';
import { createStorageService, type StorageService } from '../../sandbox/services/storage/service.ts';
import { eventOf, startInstance, withSandbox } from '../../support/in-process.ts';
import { receiptsIn } from '../../support/observe.ts';
import { NAME, reasonsOf } from '../../support/bucket-lab.ts';

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The one that `npm start` shows, under the policy that it uses. Without its budget, which would tell a year of spend. */
const SHIPPED = readScenario(local('../../sandbox/scenarios/organisation.yaml'));
const SCENARIO: Scenario = { ...SHIPPED, billing: { ...SHIPPED.billing, budgets: [] } };
const POLICY = readFileSync(local('../../demo/costguard.yaml'), 'utf8');
const OPERATIONS = 'ml-ops-example';
const STATE = 'ml-ops-example-costguard';
const TOPIC = `projects/${OPERATIONS}/topics/costguard-${NAME}`;
const PROJECTS = ['ml-research', 'ml-vision', 'ml-runaway'];
const DAY_MS = 86_400_000;

const VERDICTS: Readonly<Record<string, string>> = {
  'ml-research-audit': 'patch: in-part (locked-retention)',
  'ml-research-autoclass': 'patch: in-part (autoclass, autoclass)',
  'ml-research-checkpoints': 'keep: in-force',
  'ml-research-datasets': 'patch: drift',
  'ml-research-experiments': 'patch: no-rules',
  'ml-research-legal': 'patch: drift',
  'ml-research-models': 'patch: no-rules',
  'ml-research-scratch': 'patch: drift',
  'ml-research-tf-artifacts': 'refuse: terraform-managed',
  'ml-research-thesis': 'keep: exempt',
  'ml-research-unreachable': 'patch: drift',
  'ml-runaway-sweeps': 'patch: no-rules',
  'ml-vision-archive-2024': 'patch: in-part (max-deleted-share)',
  'ml-vision-cold': 'patch: no-rules',
  'ml-vision-dual': 'patch: no-rules',
  'ml-vision-empty': 'patch: no-rules',
  'ml-vision-folders': 'patch: no-rules',
  'ml-vision-frames-asia': 'patch: no-rules',
  'ml-vision-frames-eu': 'patch: no-rules',
  'ml-vision-holds': 'patch: no-rules',
  'ml-vision-soft': 'patch: drift',
  'ml-vision-thumbnails': 'patch: no-rules',
  'ml-vision-uploads': 'patch: no-rules',
  'us.artifacts.ml-runaway.appspot.com': 'report: no-policy',
};

/** Whose at-rest prices the book lacks. */
const ABROAD = ['ml-vision-dual', 'ml-vision-frames-asia', 'ml-vision-frames-eu'];

async function tickEach(sandbox: Sandbox, round: number): Promise<void> {
  const { runtime } = startInstance(sandbox, {
    name: NAME,
    policy: POLICY,
    operationsProject: OPERATIONS,
    pauses: 'none',
  });
  for (const [at, project] of PROJECTS.entries()) {
    const text = JSON.stringify({ project });
    await runTick(runtime, lifecycleSweep, eventOf(TOPIC, { text, messageId: `${round}${at}` }));
  }
}

const withOrganisation = (test: (sandbox: Sandbox) => Promise<void>): Promise<void> =>
  withSandbox({ scenario: SCENARIO, frozen: true }, test);

const rulesOf = (storage: StorageService, bucket: string) =>
  storage.bucket(bucket)?.settings.lifecycle?.rule ?? [];

/** All buckets that the run saw, with `verdict: reason`. */
function verdictsIn(sandbox: Sandbox, skip = 0): Readonly<Record<string, string>> {
  return Object.fromEntries(
    receiptsIn(sandbox, STATE)
      .slice(skip)
      .flatMap(({ decisions }) => decisions)
      .map((decision): [string, string] => [
        bucketOf(decision.resource),
        `${decision.action}: ${reasonsOf(decision)}`,
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const bucketOf = (resource: string): string => resource.replace('projects/_/buckets/', '');

/** The same buckets, left alone. */
function undisturbed(): { readonly storage: StorageService; advance(milliseconds: number): Promise<void> } {
  const clock = createClock({ startMs: Date.parse(SCENARIO.clock ?? ''), frozen: true });
  const storage = createStorageService({
    clock,
    projectNumberOf: () => '1',
    ...(SCENARIO.storage === undefined ? {} : { seed: SCENARIO.storage }),
  });
  return { storage, advance: (milliseconds) => clock.advance(milliseconds) };
}

interface Forecast {
  readonly within: Readonly<Record<'month' | 'year', { readonly deletedObjects: number }>>;
}

/** Objects that rules have deleted within some days; making one noncurrent is no deletion. */
function deleted(storage: StorageService, bucket: string, untilMs: number): number {
  return storage
    .lifecycleActions(bucket)
    .filter((action) => action.type === 'Delete' && action.left !== 'noncurrent' && action.atMs <= untilMs)
    .length;
}

describe('lifecycle-enforcer on the shipped organisation', () => {
  it('judges every bucket, writes where it has to, once, and touches no foreign rule', () =>
    withOrganisation(async (sandbox) => {
      const before = undisturbed().storage;
      await tickEach(sandbox, 1);
      assert.deepEqual(verdictsIn(sandbox), VERDICTS);
      const patched = Object.entries(VERDICTS).filter(([, verdict]) => verdict.startsWith('patch'));
      const { callLog, storage } = sandbox;
      assert.equal(callLog.calls('storage.buckets.list').length, PROJECTS.length);
      assert.equal(callLog.calls('storage.buckets.patch').length, patched.length);
      assert.equal(callLog.calls('storage.buckets.get').length, 0);

      const policies = parsePolicy(POLICY).lifecycle?.policies ?? [];
      for (const [bucket, verdict] of Object.entries(VERDICTS)) {
        const there = rulesOf(before, bucket).map(ruleDigest);
        const now = rulesOf(storage, bucket).map(ruleDigest);
        assert.deepEqual(now.slice(0, there.length), there, `${bucket}: what was there stays, in its order`);
        if (!verdict.startsWith('patch')) assert.deepEqual(now, there, bucket);
        const name = bucket === 'ml-research-models' ? 'production-models' : 'experiments';
        const wanted = policies.find((policy) => policy.name === name)?.rules.map(ruleDigest) ?? [];
        if (verdict.startsWith('patch')) {
          const left = wanted.filter((rule) => !now.includes(rule)).length;
          assert.equal(left, /\((.*)\)/.exec(verdict)?.[1]?.split(', ').length ?? 0, bucket);
        }
      }

      callLog.clear();
      await tickEach(sandbox, 2);
      assert.equal(callLog.calls('storage.buckets.patch').length, 0);
      const second = verdictsIn(sandbox, PROJECTS.length);
      for (const [bucket, verdict] of patched) {
        const [, reason] = /in-part \(([^,)]*)/.exec(verdict) ?? [];
        assert.equal(second[bucket], reason === undefined ? 'keep: in-force' : `refuse: ${reason}`);
      }
    }));

  it('prices dual-regions and multi-regions too', () =>
    withOrganisation(async (sandbox) => {
      await tickEach(sandbox, 1);
      const decisions = receiptsIn(sandbox, STATE).flatMap((receipt) => receipt.decisions);
      for (const bucket of ABROAD)
        assert.equal(
          typeof decisions.find(({ resource }) => bucketOf(resource) === bucket)?.usdPerHour,
          'number',
          bucket,
        );
      const saved = decisions.find(({ resource }) => bucketOf(resource) === 'ml-research-experiments');
      assert.ok(Number(saved?.usdPerHour) > 0.1);
    }));

  it('has foretold the deletions that come as the clock moves', () =>
    withOrganisation(async (sandbox) => {
      const startMs = sandbox.clock.now();
      const alone = undisturbed();
      await tickEach(sandbox, 1);
      const decisions = receiptsIn(sandbox, STATE)
        .flatMap((receipt) => receipt.decisions)
        .filter(({ action }) => action === 'patch');
      await sandbox.clock.advance(367 * DAY_MS);
      await alone.advance(367 * DAY_MS);
      let foretold = 0;
      for (const { resource, evidence } of decisions) {
        const bucket = bucketOf(resource);
        const forecast = evidence['forecast'] as Partial<Forecast>;
        if (bucket === 'ml-vision-empty') continue;
        for (const [horizon, days] of [
          ['month', 30],
          ['year', 365],
        ] as const) {
          const extra = (untilMs: number): number =>
            deleted(sandbox.storage, bucket, untilMs) - deleted(alone.storage, bucket, untilMs);
          // The rules take up to a day to be in force, and what is due up to another to happen.
          const [early, late] = [extra(startMs + days * DAY_MS), extra(startMs + (days + 2) * DAY_MS)];
          const expected = forecast.within?.[horizon].deletedObjects;
          assert.ok(
            expected !== undefined && Math.min(early, late) <= expected && expected <= late,
            `${bucket} within a ${horizon}: ${expected}, and it became ${early} to ${late}`,
          );
          foretold += expected;
        }
      }
      assert.ok(foretold > 5_000, 'nothing happened: the comparison shows nothing');
    }));
});
