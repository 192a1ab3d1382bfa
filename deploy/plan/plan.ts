import type { Actual } from '../actual/actual.ts';
import { BUDGETS } from '../../shared/preflight/publishers.ts';
import { runtimeAccountOf, type Desired } from '../desired/desired.ts';
import { DEAD_LETTERS, DEAD_LETTERS_HOLD, MADE_BY, ownTopic, topicOf } from '../desired/names.ts';
import { planAccess, planLeavings } from './access.ts';
import { planAlerts } from './alert.ts';
import { planDashboards } from './dashboard.ts';
import { planFunctions } from './functions.ts';
import { grant } from './grants.ts';
import type { Step } from '../desired/step.ts';
import { planTriggers } from './triggers.ts';

const LABEL = `--labels=${MADE_BY.key}=${MADE_BY.value}`;

/** The APIs without which nothing can be deployed. */
const BASE_APIS = [
  'artifactregistry.googleapis.com',
  'cloudbuild.googleapis.com',
  'cloudfunctions.googleapis.com',
  'cloudresourcemanager.googleapis.com',
  'eventarc.googleapis.com',
  'iam.googleapis.com',
  'logging.googleapis.com',
  'pubsub.googleapis.com',
  'run.googleapis.com',
  'storage.googleapis.com',
];

/** APIs that one request enables. Source: google/api/serviceusage/v1/serviceusage.proto, BatchEnableServicesRequest. */
const MAX_APIS = 20;

/**
 * The commands that lead from what is there to what is desired, in the order in which they have to run; none when all is
 * right already. Pure. Each of them may be the last: what is left then is what the next plan says.
 */
export function planDeploy(desired: Desired, actual: Actual): readonly Step[] {
  return [
    ...planApis(desired, actual),
    ...planBucket(desired, actual),
    ...planAccess(desired, actual),
    ...planTopics(desired, actual),
    ...planFunctions(desired, actual),
    ...planTriggers(desired, actual),
    ...planLeavings(desired, actual),
    ...planAlerts(desired, actual),
    ...planDashboards(desired, actual),
  ];
}

function planApis({ project, functions }: Desired, { apis }: Actual): readonly Step[] {
  const used = new Set([
    ...BASE_APIS,
    ...functions.flatMap(({ settings }) => [
      ...settings.apis,
      ...(settings.schedule !== undefined ? ['cloudscheduler.googleapis.com'] : []),
      // The preflight tests the switch's permissions in its name.
      ...(settings.alert ? ['iamcredentials.googleapis.com', 'monitoring.googleapis.com'] : []),
    ]),
  ]);
  const missing = [...used].filter((api) => !apis.has(api)).sort();
  const batches = Array.from({ length: Math.ceil(missing.length / MAX_APIS) }, (_, batch) =>
    missing.slice(batch * MAX_APIS, (batch + 1) * MAX_APIS),
  );
  return batches.map((batch) => ({
    why: 'The APIs that the functions and their deployment use',
    args: ['services', 'enable', ...batch, `--project=${project}`],
  }));
}

function planBucket({ project, region, policy }: Desired, { bucket }: Actual): readonly Step[] {
  if (policy.stateBucket === undefined) return [];
  const url = `gs://${policy.stateBucket}`;
  const steps: Step[] = [];
  if (bucket === undefined)
    steps.push({
      why: 'The bucket for receipts, state and restore manifests; it cannot be made public',
      args: [
        'storage',
        'buckets',
        'create',
        url,
        `--project=${project}`,
        `--location=${region}`,
        '--uniform-bucket-level-access',
        '--public-access-prevention',
      ],
    });
  const actual = bucket ?? { versioning: false, uniformAccess: true, publicAccessPrevented: true };
  const flags = [
    ...(actual.versioning ? [] : ['--versioning']),
    ...(actual.uniformAccess ? [] : ['--uniform-bucket-level-access']),
    ...(actual.publicAccessPrevented ? [] : ['--public-access-prevention']),
  ];
  if (flags.length > 0)
    steps.push({
      why: 'What is overwritten or deleted in it can be brought back, and IAM alone says who may see it',
      args: ['storage', 'buckets', 'update', url, ...flags],
    });
  return steps;
}

function planTopics(desired: Desired, actual: Actual): readonly Step[] {
  const { project, policy } = desired;
  const create = (id: string, why: string): readonly Step[] =>
    actual.topics.has(id)
      ? []
      : [{ why, args: ['pubsub', 'topics', 'create', id, `--project=${project}`, LABEL] }];
  const publisher = (id: string, name: string, why: string): readonly Step[] =>
    grant(
      actual,
      desired,
      `topics/${id}`,
      { role: 'roles/pubsub.publisher', member: `serviceAccount:${runtimeAccountOf(desired, name)}` },
      why,
    );
  const driven = desired.functions.filter(({ settings }) => settings.trigger !== 'http');
  const receipts = ownTopic(policy.receiptsTopic, project);
  const steps: Step[] = [];
  if (receipts !== undefined) {
    steps.push(...create(receipts, 'The topic for receipts'));
    for (const { name } of desired.functions)
      steps.push(...publisher(receipts, name, `${name} publishes its receipts`));
  }
  if (driven.length > 0) {
    steps.push(...create(DEAD_LETTERS, 'The topic for messages that no function could handle'));
    if (!actual.subscriptions.has(DEAD_LETTERS_HOLD))
      steps.push({
        why: 'It keeps these messages until an operator has looked at them',
        args: [
          'pubsub',
          'subscriptions',
          'create',
          DEAD_LETTERS_HOLD,
          `--project=${project}`,
          `--topic=${DEAD_LETTERS}`,
          '--message-retention-duration=7d',
          '--expiration-period=never',
          LABEL,
        ],
      });
  }
  const alone = policy.scope.length === 1 && policy.scope[0]?.startsWith('projects/') === true;
  for (const { name, settings } of driven) {
    const id = topicOf(name);
    steps.push(...create(id, `The topic that ${name} listens to`));
    // Connecting a budget grants it, and a topic that is made again has lost it while the budget still names the topic.
    if (settings.trigger === 'budget')
      steps.push(
        ...grant(
          actual,
          desired,
          `topics/${id}`,
          { role: 'roles/pubsub.publisher', member: BUDGETS },
          `Google's budgets publish to ${name}`,
        ),
      );
    if (settings.trigger === 'schedule' && !alone)
      steps.push(...publisher(id, name, `${name} turns a tick into one message for each project`));
  }
  return steps;
}
