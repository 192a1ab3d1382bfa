import type { Rule } from './mistakes.ts';

/** Every rule by its id, which stays the same from version to version: SARIF, trends and gates name rules by it. */
export const RULES = {
  'budget-missing': {
    mistake: 'budget-alerts',
    severity: 'high',
    title: 'No budget covers the project',
    help: 'Without a budget a runaway cost shows first on the invoice.',
  },
  'budget-thresholds': {
    mistake: 'budget-alerts',
    severity: 'medium',
    title: 'A budget does not alert at 50, 80 and 100 % of actual spend',
    help: 'An alert at 100 % alone comes when the money is gone.',
  },
  'budget-topic': {
    mistake: 'budget-alerts',
    severity: 'high',
    title: 'A budget does not reach the kill switch',
    help: 'The switch acts on the messages of the budget’s Pub/Sub topic and on nothing else.',
  },
  'budget-credits': {
    mistake: 'budget-alerts',
    severity: 'medium',
    title: 'Credits hide what is spent',
    help: 'A budget that subtracts credits stays silent until they are used up.',
  },
  'switch-preflight': {
    mistake: 'budget-alerts',
    severity: 'high',
    title: 'The kill switch would not work',
    help: 'A switch that is not wired, not permitted or disarmed stops nothing.',
  },
  'notebook-day-and-night': {
    mistake: 'notebooks',
    severity: 'high',
    hasCost: true,
    title: 'A notebook runs while it is idle',
    help: 'A notebook bills by the hour that it is up, busy or not.',
  },
  'notebook-idle-shutdown': {
    mistake: 'notebooks',
    severity: 'medium',
    title: 'The idle shutdown of a notebook cannot fire',
    help: 'Workbench’s own idle shutdown is the first net; costguard’s stopper is the second.',
  },
  'notebook-managed': {
    mistake: 'notebooks',
    severity: 'medium',
    title: 'A managed notebook of the Notebooks API v1 still exists',
    help: 'Managed notebooks are discontinued; their disks bill, and no guard of Workbench looks after them.',
  },
  'gpu-oversized': {
    mistake: 'machines',
    severity: 'high',
    hasCost: true,
    title: 'A GPU machine is larger than what it runs',
    help: 'GPUs are most of the price of a machine, and most notebooks need a fraction of one.',
  },
  'endpoint-idle': {
    mistake: 'machines',
    severity: 'high',
    hasCost: true,
    title: 'A deployed model that gets no requests',
    help: 'An endpoint bills for its minimum replicas, called or not.',
  },
  'tpu-idle': {
    mistake: 'machines',
    severity: 'high',
    hasCost: true,
    title: 'A TPU that computes nothing',
    help: 'A TPU bills while it is READY, whether its chips work or not.',
  },
  'lifecycle-missing': {
    mistake: 'lifecycle',
    severity: 'medium',
    hasCost: true,
    title: 'A bucket without the lifecycle that the policy wants',
    help: 'Data that is never deleted or moved is paid for every month.',
  },
  'lifecycle-ineffective': {
    mistake: 'lifecycle',
    severity: 'low',
    title: 'A bucket pays for what its lifecycle does not reach',
    help: 'Noncurrent versions, deleted objects and unfinished uploads are stored and billed, and in no listing of objects.',
  },
  'image-registry': {
    mistake: 'lifecycle',
    severity: 'low',
    title: 'Container images in an old registry',
    help: 'Container Registry is shut down; its bucket keeps every layer ever pushed.',
  },
  'model-registry': {
    mistake: 'lifecycle',
    severity: 'low',
    title: 'Old models in the registry that nothing serves',
    help: 'Each version keeps its artifacts in a bucket.',
  },
  'egress-finding': {
    mistake: 'egress',
    severity: 'medium',
    hasCost: true,
    title: 'Traffic that costs money by where things stand',
    help: 'Most egress of a training platform is a placement mistake.',
  },
  'account-key': {
    mistake: 'credentials',
    severity: 'high',
    title: 'A service account has a key that people hold',
    cis: '1.5',
    help: 'A key file works from anywhere until it is deleted; attached accounts and workload identity need none.',
  },
  'account-key-old': {
    mistake: 'credentials',
    severity: 'medium',
    title: 'A key of a service account is older than 90 days',
    cis: '1.8',
    help: 'The longer a key exists the more copies of it do.',
  },
  'account-key-unused': {
    mistake: 'credentials',
    severity: 'medium',
    title: 'A key of a service account that was not used for 30 days',
    help: 'A key that nothing authenticates with can only be stolen.',
  },
  'secret-in-metadata': {
    mistake: 'credentials',
    severity: 'critical',
    title: 'A credential in the metadata of a machine or of the project',
    help: 'Metadata is readable by every process on the machine and by every viewer of the project; that of the project by every machine in it.',
  },
  'secret-in-script': {
    mistake: 'credentials',
    severity: 'critical',
    title: 'A credential in a startup script in a bucket',
    help: 'Everybody who reads the bucket has it.',
  },
  'secret-in-job': {
    mistake: 'credentials',
    severity: 'critical',
    title: 'A credential in the specification of a job',
    help: 'Specifications stay readable long after the job.',
  },
  'secret-in-environment': {
    mistake: 'credentials',
    severity: 'critical',
    title: 'A credential in the environment of a function or service',
    cis: '1.18',
    help: 'Environment variables are shown in the console and in every description of the service.',
  },
  'basic-role': {
    mistake: 'iam',
    severity: 'high',
    title: 'A basic role on the project',
    help: 'Owner and Editor allow thousands of things, acting as every service account among them.',
  },
  'account-admin': {
    mistake: 'iam',
    severity: 'high',
    title: 'A service account with admin rights',
    cis: '1.6',
    help: 'A user who runs code as it can change who may do what.',
  },
  impersonation: {
    mistake: 'iam',
    severity: 'high',
    title: 'The right to act as every service account of the project',
    cis: '1.7',
    help: 'Granted on the project, it holds for each account in it, the strongest one included.',
  },
  'default-account': {
    mistake: 'iam',
    severity: 'medium',
    title: 'Something runs as the default Compute Engine account',
    cis: '4.1',
    help: 'It is shared by everything that names no account, and is Editor in older projects.',
  },
  'public-bucket': {
    mistake: 'iam',
    severity: 'critical',
    title: 'A bucket is open to everyone',
    cis: '5.1',
    help: 'Data and models can be read, and egress is billed to you.',
  },
  'role-beyond-set': {
    mistake: 'iam',
    severity: 'medium',
    title: 'A role beyond the set of the job',
    help: 'Roles that a job does not need are what a mistake or a thief uses.',
  },
  'environment-missing': {
    mistake: 'staging',
    severity: 'low',
    title: 'A project serves models and says not whether it is production',
    help: 'Guards and people treat production with more care when they can tell it.',
  },
  'staging-missing': {
    mistake: 'staging',
    severity: 'medium',
    title: 'Production without a place to try things',
    help: 'What is tried nowhere is tried on users.',
  },
  'deployed-untried': {
    mistake: 'staging',
    severity: 'medium',
    title: 'A model deployed straight to production',
    help: 'A model that comes from no other project ran nowhere before.',
  },
  'account-shared': {
    mistake: 'staging',
    severity: 'high',
    title: 'One service account for production and experiments',
    help: 'A user who runs a notebook as it can change what the model serves.',
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleId = keyof typeof RULES;

export function ruleOf(id: RuleId): Rule {
  return RULES[id];
}
