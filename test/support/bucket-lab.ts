import { lifecycleSweep } from '../../functions/lifecycle-enforcer/function.ts';
import type { Bucket, StoredRule } from '../../shared/google/buckets.ts';
import type { BlockedRule } from '../../functions/lifecycle-enforcer/proposal/refuse.ts';
import type { DecidedOutcome, Decision, Receipt } from '../../shared/run/receipt.ts';
import { runTick } from '../../shared/run/run-tick.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { parseScenario, type Scenario, type ScenarioInput } from '../sandbox/scenario.ts';
import { withFunctionInProcess, type InProcess } from './in-process.ts';
import { BUCKET, LAB, OPERATIONS, START } from './lab.ts';
import { lastReceipt } from './observe.ts';

export const NAME = 'lifecycle-enforcer';

type BucketSeed = NonNullable<NonNullable<ScenarioInput['storage']>['buckets']>[number];
export type BucketInput = Partial<BucketSeed> & { readonly name: string };
type ApiRule = NonNullable<NonNullable<BucketSeed['lifecycle']>['rule']>[number];

export const deleteAfter = (age: number, more: object = {}): ApiRule => ({
  action: { type: 'Delete' },
  condition: { age, ...more },
});

export const moveTo = (
  storageClass: 'NEARLINE' | 'COLDLINE' | 'ARCHIVE' | 'STANDARD',
  age: number,
  more: object = {},
): ApiRule => ({
  action: { type: 'SetStorageClass', storageClass },
  condition: { age, ...more },
});

export const ABORT: ApiRule = { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: 7 } };

/** A project with these buckets, and the operations project with the state bucket. */
export function bucketScenario(
  buckets: readonly BucketInput[],
  more: Partial<ScenarioInput['projects'][number]> = {},
): Scenario {
  return parseScenario({
    name: 'buckets',
    clock: START,
    projects: [
      { id: OPERATIONS, number: '100000000001' },
      { id: LAB, number: '100000000002', ...more },
    ],
    storage: {
      buckets: [
        { name: BUCKET, project: OPERATIONS, location: 'US-CENTRAL1' },
        ...buckets.map((bucket): BucketSeed => ({ project: LAB, location: 'US-CENTRAL1', ...bucket })),
      ],
    },
  } satisfies ScenarioInput);
}

export interface PolicyOptions {
  readonly mode?: 'observe' | 'enforce';
  readonly state?: boolean;
  /** Lines of the section `lifecycle`. */
  readonly lifecycle?: readonly string[];
  readonly rules?: readonly object[];
  readonly foreignRules?: 'keep' | 'remove';
}

/** A policy for all buckets of the lab. */
export function lifecyclePolicy(options: PolicyOptions = {}): string {
  const { mode = 'enforce', state = true, lifecycle = [], rules = [moveTo('NEARLINE', 30), ABORT] } = options;
  const policy = { name: 'all', rules, foreignRules: options.foreignRules ?? 'keep' };
  return [
    `mode: ${mode}`,
    `scope: [projects/${LAB}]`,
    ...(state ? [`state: gs://${BUCKET}`] : []),
    'lifecycle:',
    `  policies: [${JSON.stringify(policy)}]`,
    ...lifecycle.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

/** Runs a test with the enforcer in this process. */
export function withEnforcer(
  buckets: readonly BucketInput[],
  policy: string,
  test: (world: InProcess) => Promise<void>,
): Promise<void> {
  return withFunctionInProcess(
    {
      name: NAME,
      scenario: bucketScenario(buckets),
      policy,
      handle: (runtime, event) => runTick(runtime, lifecycleSweep, event),
    },
    test,
  );
}

/** A bucket's rules as they are in the sandbox. */
export function rulesOf(sandbox: Sandbox, name: string): readonly StoredRule[] {
  return sandbox.storage.bucket(name)?.settings.lifecycle?.rule ?? [];
}

/** The last receipt's decision on a bucket. */
export function decisionOn(receipt: Receipt, name: string): DecidedOutcome {
  const found = receipt.decisions.find(({ resource }) => resource === `projects/_/buckets/${name}`);
  if (found === undefined) throw new Error(`No decision on ${name}`);
  return found;
}

/** The reason of a decision, and those of the rules that are not written: `in-part (deletes-at-once)`. */
export function reasonsOf({ reason, evidence }: Decision): string {
  const blocked = notWrittenOf(evidence);
  return reason === 'in-part' ? `${reason} (${blocked.map((one) => one.reason).join(', ')})` : reason;
}

/** The rules that a decision leaves out. */
export function notWrittenOf(evidence: Decision['evidence']): readonly BlockedRule[] {
  return (evidence as { notWritten?: readonly BlockedRule[] }).notWritten ?? [];
}

/** `patch done: drift` for each bucket of the last receipt. */
export function verdicts(sandbox: Sandbox): Readonly<Record<string, string>> {
  return Object.fromEntries(
    lastReceipt(sandbox, BUCKET)
      .decisions.map((decision) => [
        decision.resource.replace('projects/_/buckets/', ''),
        `${decision.action} ${decision.outcome}: ${reasonsOf(decision)}`,
      ])
      .sort(),
  ) as Record<string, string>;
}

/** A bucket as `listBuckets` gives it. */
export function bucketOf(more: Partial<Bucket> = {}): Bucket {
  return {
    name: 'data',
    location: 'US-CENTRAL1',
    locationType: 'region',
    storageClass: 'STANDARD',
    metageneration: '3',
    createdMs: Date.parse('2025-01-01T00:00:00Z'),
    labels: {},
    rules: [],
    versioned: false,
    retention: undefined,
    softDeleteSeconds: 0,
    autoclass: false,
    hierarchicalNamespace: false,
    dataLocations: undefined,
    defaultHold: false,
    objectRetention: false,
    requesterPays: false,
    ...more,
  };
}
