import { judgeEgress } from '../../functions/egress-auditor/decide.ts';
import type { AuditFacts, MachineFacts } from '../../functions/guardrail-audit/facts.ts';
import { judgeProject } from '../../functions/guardrail-audit/decide.ts';
import { budgetPreflight } from '../../functions/guardrail-audit/gather/preflight.ts';
import { callRemedy, tickRemedy } from '../../functions/guardrail-audit/gather/receipts.ts';
import { whole } from '../../functions/guardrail-audit/reading.ts';
import type { RuleId } from '../../functions/guardrail-audit/rules/rules.ts';
import { inDeletionText } from '../../shared/google/projects.ts';
import type { Budget } from '../../shared/google/budgets.ts';
import { parsePolicy } from '../../shared/policy/policy.ts';
import { factsOf, unevenDays, type World } from './egress-facts.ts';
import {
  budget,
  busy,
  clean,
  config,
  decision,
  DEFAULT_COMPUTE,
  NOW,
  notebook,
  project,
  receipt,
  secretPlace,
  TOPIC,
  vm,
  workload,
} from './guardrail-facts.ts';
import { CASES } from './guardrail-mistakes.ts';

/** One command as a finding, or a rule that is not evaluable, tells it. */
export interface ToldCommand {
  readonly rule: RuleId;
  readonly command: string;
}

const T4 = { machineType: 'n1-standard-16', type: 'nvidia-tesla-t4' };
const A100 = { machineType: 'a2-highgpu-4g', type: 'nvidia-tesla-a100' };
const UNKNOWN = { machineType: 'a9-newgpu-1g', type: 'nvidia-new' };

/** GPU machines that are too large: VMs and notebooks, GPUs attached and brought along, with and without a smaller one. */
const machines: readonly MachineFacts[] = [vm, notebook].flatMap((machine) =>
  [T4, A100, UNKNOWN].flatMap(({ machineType, type }) =>
    [1, 4].flatMap((count) =>
      [true, false].map((running) => ({ ...machine, machineType, gpus: [{ type, count }], running })),
    ),
  ),
);
const peaks = [0.01, 0.2].map((peak) => ({ ...busy, gpuPeak: peak, gpuMemoryPeak: peak, cpuPeak: peak }));
const sizes = machines.flatMap((machine) =>
  peaks.map((use): Partial<AuditFacts> => ({
    machines: whole([machine]),
    use: whole(new Map([[machine.id, use]])),
  })),
);

/** Credentials and the default account, in whatever has an environment or metadata. */
const COLLECTIONS = {
  ...{ function: 'functions', 'run-service': 'services', 'run-job': 'jobs', 'vertex-job': 'customJobs' },
};
const at = (collection: string): string => `projects/ml-lab/locations/us-central1/${collection}/one`;
const workloads = (['function', 'run-service', 'run-job', 'vertex-job'] as const).map(
  (kind): Partial<AuditFacts> => {
    const resource = at(COLLECTIONS[kind]);
    const places = ['env/TOKEN', 'build-env/TOKEN', 'args'].map((place) => secretPlace(place, { resource }));
    return { workloads: whole([{ ...workload, kind, resource, places, serviceAccount: DEFAULT_COMPUTE }]) };
  },
);
const vms = [vm, notebook].flatMap((machine) =>
  [true, false].map((running): Partial<AuditFacts> => {
    const places = [secretPlace('metadata/startup-script', { resource: machine.resource })];
    return { machines: whole([{ ...machine, running, places, serviceAccount: DEFAULT_COMPUTE }]) };
  }),
);

/** What lints of lifecycle-enforcer become findings, and what else it would do with a bucket. */
const lints = ['soft-delete-bills', 'no-abort-multipart', 'no-noncurrent-rule'].map((code) => ({
  code,
  why: code,
}));
const buckets: Partial<AuditFacts> = {
  enforcer: receipt(
    { ...decision, action: 'patch', reason: 'no-rules', evidence: { lint: lints } },
    { ...decision, action: 'report', reason: 'no-policy' },
  ),
};

/** Every mistake of the egress auditor. */
const DAYS = unevenDays(100, [1, 0.2, 2.4]);
const OTHER_DAYS = unevenDays(90, [0.4, 1.7, 0.9, 1]);
const corpus = { name: 'corpus', location: 'EUROPE-WEST4', gib: 10 };
const WORLDS: readonly World[] = [
  {
    vms: [{ id: 't', zone: 'us-central1-a' }],
    buckets: [corpus],
    flows: [{ from: 'gs://corpus', to: 'vm:t', gib: DAYS }],
  },
  {
    vms: [
      { id: 't', zone: 'us-central1-a' },
      { id: 'u', zone: 'us-east1-b' },
    ],
    buckets: [{ ...corpus, location: 'US', gib: 10 }],
    flows: [
      { from: 'gs://corpus', to: 'vm:t', gib: DAYS },
      { from: 'gs://corpus', to: 'vm:u', gib: OTHER_DAYS },
    ],
  },
  {
    vms: [
      { id: 'a', zone: 'us-central1-a' },
      { id: 'b', zone: 'us-central1-b' },
    ],
    flows: [{ from: 'vm:a', to: 'vm:b', gib: DAYS }],
  },
  {
    vms: [
      { id: 'a', zone: 'us-central1-a', tier: 'PREMIUM' },
      { id: 'b', zone: 'us-central1-a', tier: 'PREMIUM' },
    ],
    flows: [
      { from: 'vm:a', to: 'country:usa/America', gib: DAYS },
      { from: 'country:usa/America', to: 'vm:b', gib: DAYS },
    ],
  },
];
const egressConfig = {
  project: 'ml-lab',
  window: { requested: '7d', hours: 168 },
  reportAboveUsdPerMonth: 0,
} as const;
export const EGRESS_FINDINGS = WORLDS.flatMap(
  (world) => judgeEgress(factsOf(world), egressConfig, NOW).findings,
);
const egress: Partial<AuditFacts> = {
  egress: receipt(
    ...EGRESS_FINDINGS.map(({ kind, title, command }) => ({
      ...decision,
      action: 'report',
      reason: kind,
      evidence: { title, command },
      usdPerHour: 1,
    })),
  ),
};

/** What may be wrong with the budget that should trip the switch. */
const policy = parsePolicy(
  `scope: [projects/ml-lab]\nstate: gs://ml-ops-costguard\nbudgets: {mode: observe, basis: either, allow: [${budget.name}]}\naudit:\n`,
);
const BUDGETS: readonly Partial<Budget>[] = [
  { topic: undefined, thresholds: [], credits: 'include-all', amount: { kind: 'last-period' } },
  { credits: 'include-specified', projects: [], narrowed: ['services'] },
  { credits: 'unknown' },
  { projects: ['projects/1'] },
  { period: { kind: 'custom', start: undefined, end: undefined }, thresholds: [] },
];
const preflights = BUDGETS.map((more): Partial<AuditFacts> => {
  const billing = whole({
    account: 'billingAccounts/0A1B2C-3D4E5F-6A7B8C',
    budgets: [{ ...budget, ...more }],
    unread: [],
  });
  return { billing, preflight: budgetPreflight(policy, TOPIC, whole(project), whole([]), billing) };
});

const VARIANTS = [...sizes, ...workloads, ...vms, buckets, egress, ...preflights];

/** Every command that the audit tells, over the table of cases and what varies in its commands. */
export const TOLD: readonly ToldCommand[] = [
  ...[...CASES, ...VARIANTS.map((facts) => ({ facts, config: {} }))].flatMap(({ facts, config: more }) =>
    judgeProject({ ...clean, ...facts }, { ...config, ...more }, NOW).flatMap(({ rule, found, remedy }) =>
      [...found.flatMap(({ commands }) => commands), ...(remedy === undefined ? [] : [remedy])].map(
        (command) => ({
          rule,
          command,
        }),
      ),
    ),
  ),
  ...['idle-notebook-stopper', 'lifecycle-enforcer'].map((name) => ({
    rule: 'lifecycle-missing' as const,
    command: tickRemedy(name, 'ml-ops'),
  })),
  { rule: 'egress-finding', command: callRemedy('ml-ops') },
  { rule: 'environment-missing', command: inDeletionText('ml-lab').replace(/^.*: (?=gcloud)/, '') },
];

/** The commands of gcloud among them, each alone and once. */
export const GCLOUD_COMMANDS: readonly string[] = [
  ...new Set(TOLD.flatMap(({ command }) => command.split(' && ')).filter((one) => one.startsWith('gcloud '))),
].sort();
