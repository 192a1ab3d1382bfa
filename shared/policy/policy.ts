/** The policy file `costguard.yaml`: what functions see of it, and how its text becomes that. */
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { PermanentError } from '../errors.ts';
import type { LifecycleRule } from './lifecycle-rules.ts';
import { checkAcrossKeys, type PolicyStage } from './checks.ts';
import { PolicyError, problemsOfIssue, type PolicyProblem } from './problems.ts';
import { daysOfWeek, policyFileSchema, policySections, rungActions } from './schema.ts';
import { toPolicy } from './values.ts';
import { readYaml } from './yaml.ts';

export { daysOfWeek, PolicyError, policySections, rungActions };
export type { LifecycleRule };

/** `observe` plans and reports; `enforce` acts. */
export type Mode = 'observe' | 'enforce';

export type Day = (typeof daysOfWeek)[number];

export type RungAction = (typeof rungActions)[number];

export type PolicySection = (typeof policySections)[number];

/** Working hours; `to` before `from` means over midnight, and the day is that of `from`. The two are never equal. */
export interface WorkingHours {
  /** A zone that Intl knows, such as `Europe/Berlin`. */
  readonly timezone: string;
  readonly days: readonly Day[];
  /** Minutes since local midnight, 0 to 1439: the first working minute. */
  readonly fromMinuteOfDay: number;
  /** Minutes since local midnight, 0 to 1439: the first minute that is no longer working time. */
  readonly toMinuteOfDay: number;
  /** Start again, inside the hours, what costguard stopped. */
  readonly start: boolean;
}

/** From where on a CPU is at work: in cores, or as a share of all vCPUs, above 0 and at most 1 (unlike the GPU's percent). */
export type CpuThreshold =
  { readonly kind: 'cores'; readonly cores: number } | { readonly kind: 'share'; readonly share: number };

export interface NotebooksPolicy {
  readonly mode: Mode;
  /** Whole minutes, 10 to 10,080. */
  readonly idleAfterMinutes: number;
  readonly cpuBelow: CpuThreshold;
  /** Percent, above 0 and at most 100. */
  readonly gpuBelowPercent: number;
  /** Received and sent together, above 0. */
  readonly networkBelowBytesPerSecond: number;
  /** Read and written together, above 0; looked at where a GPU has no metric. */
  readonly diskBelowBytesPerSecond: number;
  /** Share of the window that has data points, above 0 and at most 1. */
  readonly minCoverage: number;
  readonly gpuSignalMissing: 'infer' | 'keep' | 'ignore';
  /** Minutes of activity in each 24 hours of the window that do not count, 0 to 60; those of the last hour always do. */
  readonly toleratedMinutesPerDay: number;
  /** Keep a notebook while a job of Vertex AI goes on that it may wait for. */
  readonly keepWhileJobsRun: boolean;
  readonly keepLabel: string;
  /** Whole minutes; 0 = stop without a warning. Above 0 only together with `stateBucket`. */
  readonly warnBeforeMinutes: number;
  /** Per run and project. */
  readonly maxStops: number;
  /** Starts and repairs together, per run and project. */
  readonly maxActions: number;
  readonly hours: WorkingHours | null;
  readonly nativeIdleShutdown: 'report' | 'repair';
  readonly terraformManaged: 'enforce' | 'report';
}

export interface Rung {
  /** Share of the budget's amount: 0.5 is 50 %. */
  readonly at: number;
  readonly do: RungAction;
}

export interface BudgetsPolicy {
  readonly mode: Mode;
  /** `billingAccounts/A/budgets/B`: the budgets whose messages may do more than notify. */
  readonly allow: readonly string[];
  /** `projects/ID`, whichever of the two forms the file uses. */
  readonly protect: readonly string[];
  /** E-mail addresses of the service accounts that deployed models run as: the restore may act as these. */
  readonly modelAccounts: readonly string[];
  /** Which spend counts. `either` is actual or forecast; `live` is what spend-watch estimates, beside actual. */
  readonly basis: 'actual' | 'forecast' | 'either' | 'live';
  /** Not empty; both `at` and `do` strictly ascending. */
  readonly ladder: readonly Rung[];
  readonly keepLabel: string;
  /** Whole hours, 0 to 168, that unlinking waits where all is off: cost of before arrives for up to a day. */
  readonly settleHours: number;
  /** Whole hours, 0 to 720, without a message of an allowed budget until that is an alert; 0: never. */
  readonly silenceHours: number;
  /** Resources that one run takes away at the most, over all projects of the budget; 1 or more. */
  readonly maxActions: number;
  /** In the budget's currency: a smaller budget only notifies. */
  readonly minAmount: number;
  /** Share of the budget by which the reported cost may grow, a day and at once, to be believed on one message; 0: always. */
  readonly jump: number;
}

export interface BucketPolicy {
  readonly name: string;
  readonly match: {
    /** Glob over the bucket's name: `*` any run of characters, `?` one. */
    readonly name: string;
    /** All of them must be on the bucket, with just these values. */
    readonly labels: Readonly<Record<string, string>>;
    /** Glob over the bucket's location, such as `EU` or `us-*`; letter case does not count. */
    readonly location: string;
  };
  readonly rules: readonly LifecycleRule[];
  /** Rules that costguard did not write. `keep`: and none of ours leaves one of them without effect; `overrule`: ours may. */
  readonly foreignRules: 'keep' | 'overrule' | 'remove';
  /** Rules that delete what they match at once are meant. */
  readonly allowDeleteAll: boolean;
}

export interface LifecyclePolicy {
  readonly mode: Mode;
  readonly simulate: 'metrics' | 'objects';
  readonly terraformManaged: 'enforce' | 'report';
  /** The first that matches a bucket wins; names are unique. */
  readonly policies: readonly BucketPolicy[];
  readonly exemptLabel: string;
  /** Share of a bucket's bytes, 0 to 1. */
  readonly maxDeletedShare: number;
  /** Buckets per run and project. */
  readonly maxPatches: number;
}

/** Where people are told. The address of a webhook is a secret, and stands in Secret Manager alone. */
export type Channel =
  | { readonly kind: 'slack' | 'teams' | 'webhook'; readonly secret: string }
  | { readonly kind: 'topic'; readonly topic: string };

export interface NotifyPolicy {
  readonly channels: readonly Channel[];
  /** The label that names a notebook's owner; the API's own fields where it is not there. */
  readonly ownerLabel: string | undefined;
}

export interface EgressPolicy {
  /** Whole hours, 1 to 1,008 (six weeks). */
  readonly windowHours: number;
  readonly reportAboveUsdPerMonth: number;
}

export interface EstimatesPolicy {
  /** Where a run is priced that names no region. */
  readonly region: string;
}

export interface AuditPolicy {
  readonly maxKeyAgeDays: number;
  /** Older receipts of the other functions say nothing any more. */
  readonly maxReceiptAgeDays: number;
  readonly modelsUnusedAfterDays: number;
  /** Share of the hours that a notebook is up, 0 to 1. */
  readonly busyShare: number;
  /** Share of a GPU and of its memory, 0 to 1. */
  readonly gpuPeakBelow: number;
  readonly reportAboveUsdPerMonth: number;
  readonly environmentLabel: string;
  readonly production: readonly string[];
  /** Members of allow policies, by what they do. */
  readonly jobs: {
    readonly dataScientists: readonly string[];
    readonly mlEngineers: readonly string[];
    readonly pipelines: readonly string[];
  };
}

export interface WatchPolicy {
  /** The largest share that contracts and commitments take off list prices, 0 to 0.8: stops go by what is left. Null: not known. */
  readonly discountAtMost: number | null;
  /** USD an hour that something without a price may cost at the most: it counts in the upper bound alone. */
  readonly unpricedAtMost: number;
  /** Regions of Vertex AI that are looked at; all of them when empty. */
  readonly regions: readonly string[];
  /** Each look is written to Cloud Monitoring of the operations project, which costs money and takes a right there. */
  readonly metrics: boolean;
  /** Calls to Google of a look at a project, on average: regions where nothing runs are looked at in turn. */
  readonly callsPerLook: number;
  readonly anomalies: AnomalyPolicy;
}

/** From when on people are told of something unusual. */
export interface AnomalyPolicy {
  /** The burn is this many times the highest hour of the day before … */
  readonly burnFactor: number;
  /** … and so much more than it. */
  readonly burnAtLeastUsdPerHour: number;
  readonly gpuIdleAfterHours: number;
  /** A kind of resource that never ran before costs this much at the least. */
  readonly newKindAtLeastUsdPerHour: number;
}

/**
 * The whole file with every default filled in; quantities carry their unit in their name. A section that the file does not
 * have is undefined: what is not written is neither deployed nor done.
 */
export interface Policy {
  readonly mode: Mode;
  /** Not empty, no duplicates: `projects/ID`, `folders/N`, `organizations/N`. */
  readonly scope: readonly string[];
  /** The bucket's bare name, from `state: gs://NAME`. */
  readonly stateBucket: string | undefined;
  /** `projects/P/topics/T`, from `receipts`. */
  readonly receiptsTopic: string | undefined;
  /** Where people are told; undefined where no channel is. */
  readonly notify: NotifyPolicy | undefined;
  readonly notebooks: NotebooksPolicy | undefined;
  readonly budgets: BudgetsPolicy | undefined;
  readonly lifecycle: LifecyclePolicy | undefined;
  readonly egress: EgressPolicy | undefined;
  readonly estimates: EstimatesPolicy | undefined;
  readonly audit: AuditPolicy | undefined;
  readonly watch: WatchPolicy | undefined;
}

/**
 * The policy that the text of a `costguard.yaml` states, defaults filled in. With `budgetsToCome` it may leave
 * `budgets.allow` empty: that is how a policy looks before its budgets are made. `copy`: see {@link readYaml}.
 * @throws PolicyError with every problem of the text at once.
 */
export function parsePolicy(
  text: string,
  stage: PolicyStage = { budgetsToCome: false },
  copy?: string,
): Policy {
  const yaml = readYaml(text, copy);
  if (!yaml.readable) throw new PolicyError(yaml.problems);
  return readFile(yaml.value, yaml.problems, stage);
}

/**
 * The policy for a function that reads only some sections: a mistake in another section does not disarm it. `ignored` are the
 * problems of the others, whose sections the policy then lacks; a good file gives the whole policy.
 * @throws PolicyError when the common keys or its own sections have a problem.
 */
export function parsePolicyFor(
  text: string,
  sections: readonly PolicySection[],
  copy?: string,
): { readonly policy: Policy; readonly ignored: readonly PolicyProblem[] } {
  try {
    return { policy: parsePolicy(text, { budgetsToCome: false }, copy), ignored: [] };
  } catch (error) {
    const { readable, value, problems } = readYaml(text);
    if (!(error instanceof PolicyError) || !readable || !isMap(value)) throw error;
    const others: readonly string[] = policySections.filter((section) => !sections.includes(section));
    const kept = Object.fromEntries(Object.entries(value).filter(([key]) => !others.includes(key)));
    // A key that is there twice under another function's section concerns that one alone.
    const own = problems.filter(({ under }) => under === undefined || !others.includes(under));
    return { policy: readFile(kept, own, { budgetsToCome: false }), ignored: error.problems };
  }
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readFile(value: unknown, found: readonly PolicyProblem[], stage: PolicyStage): Policy {
  const file = z.safeParse(policyFileSchema, value);
  const problems = [
    ...found.map(({ path, message }) => ({ path, message })),
    ...(file.success ? [] : file.error.issues.flatMap(problemsOfIssue)),
    ...checkAcrossKeys(value, stage),
  ];
  if (!file.success || problems.length > 0) throw new PolicyError(problems);
  return toPolicy(file.data);
}

/**
 * Twelve hexadecimal digits that identify what a policy says: the start of the SHA-256 of its canonical JSON. Comments,
 * the order of keys and stated defaults do not change it.
 * @throws PolicyError when given a text that is not a usable policy.
 */
export function policyDigest(policy: Policy | string): string {
  const parsed = typeof policy === 'string' ? parsePolicy(policy) : policy;
  return createHash('sha256').update(JSON.stringify(parsed, withSortedKeys)).digest('hex').slice(0, 12);
}

function withSortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A section that a function cannot do without. Throws {@link PermanentError} where the policy does not have it. */
export function requireSection<Section extends PolicySection>(
  policy: Policy,
  section: Section,
): NonNullable<Policy[Section]> {
  return policy[section] ?? refuse(section);
}

function refuse(section: PolicySection): never {
  const budgets = section === 'budgets' ? ', with budgets.mode observe or enforce,' : '';
  throw new PermanentError(
    `Cannot act without the section "${section}": the policy has none; add it${budgets} or remove this function with deploy/teardown.sh`,
  );
}
