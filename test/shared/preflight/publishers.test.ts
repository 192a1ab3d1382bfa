import { describe, expect, it } from 'vitest';
import { BUDGETS, inspectPublishers } from '../../../shared/preflight/publishers.ts';
import type { Inspection } from '../../../shared/preflight/check.ts';
import { refuse, scriptedApi } from '../../support/scripted-api.ts';

const TOPIC = 'projects/ml-ops/topics/costguard-budget-kill-switch';
const GOOGLE = { role: 'roles/pubsub.publisher', members: [BUDGETS] };
const PUBLISHES = 'projects/ml-ops/roles/sender';
const READS = 'organizations/900100/roles/reader';
const OWN = 'projects/ml-ops/roles/costguardSpendWatchMetrics_ml_ops';

interface Binding {
  readonly role: string;
  readonly members: readonly string[];
  readonly condition?: object;
}

/** What the preflight says by the bindings of the topic and of its project, and the custom roles that it read. */
async function inspect(onTopic: readonly Binding[], onProject: readonly Binding[], mayReadRoles = true) {
  const read: string[] = [];
  const { api } = scriptedApi(({ target }) => {
    if (target === `pubsub.googleapis.com/v1/${TOPIC}:getIamPolicy`) return { bindings: onTopic };
    if (target === 'cloudresourcemanager.googleapis.com/v3/projects/ml-ops:getIamPolicy')
      return { bindings: onProject };
    const role = target.replace('iam.googleapis.com/v1/', '');
    read.push(role);
    if (!mayReadRoles) return refuse(403);
    return {
      name: role,
      includedPermissions: role === PUBLISHES ? ['pubsub.topics.publish'] : ['pubsub.topics.get'],
    };
  });
  const options = { project: 'ml-ops', topic: TOPIC, account: '', runtime: '', ownRoles: [OWN] };
  const [google, others] = await inspectPublishers({ api, options } as unknown as Inspection);
  return { google, others, read };
}

/** What is said of the publishers beside Google's own on the topic. */
async function judge(onTopic: readonly Binding[], onProject: readonly Binding[], mayReadRoles = true) {
  const { google, others } = await inspect([GOOGLE, ...onTopic], onProject, mayReadRoles);
  expect(google).toMatchObject({ id: 'topic-budget-account', status: 'pass' });
  return others;
}

const of = (role: string, member = 'user:intern@example.com', more: object = {}): Binding => ({
  ...{ role, members: [member] },
  ...more,
});

it.each([
  ['no one else', [], [], 'pass', /besides Google's budgets no one may publish/],
  ['a role that does not publish', [of('roles/pubsub.viewer')], [of('roles/viewer')], 'pass', /no one may publish/],
  ['an owner of the project', [], [of('roles/owner')], 'pass', /user:intern@example\.com \(roles\/owner on projects\/ml-ops\) may publish/],
  ['a publisher of the topic', [of('roles/pubsub.publisher')], [], 'warn', /may publish to it and so make rungs due: user:intern@/],
  ['an admin of Pub/Sub', [], [of('roles/pubsub.admin')], 'warn', /roles\/pubsub\.admin on projects\/ml-ops/],
  ['an editor of Pub/Sub', [], [of('roles/pubsub.editor')], 'warn', /roles\/pubsub\.editor on projects\/ml-ops/],
  ['a publisher of the project', [], [of('roles/pubsub.publisher')], 'warn', /roles\/pubsub\.publisher on projects\/ml-ops/],
  ['an editor of the project', [], [of('roles/editor')], 'warn', /roles\/editor on projects\/ml-ops/],
  ['one under a condition', [], [of('roles/editor', undefined, { condition: {} })], 'warn', /under a condition/],
  ['anyone', [of('roles/pubsub.publisher', 'allUsers')], [], 'fail', /^anyone may publish/],
  ['anyone who is signed in', [of('roles/pubsub.publisher', 'allAuthenticatedUsers')], [], 'fail', /^anyone may publish/],
  ['a custom role of the topic that publishes', [of(PUBLISHES)], [], 'warn', /roles\/sender on projects\/ml-ops\/topics/],
  ['a custom role of the project that publishes', [], [of(PUBLISHES)], 'warn', /intern@example\.com \(projects\/ml-ops\/roles\/sender on projects\/ml-ops\)/],
  ['custom roles that do not', [of(READS)], [of(READS), of(OWN)], 'pass', /no one may publish/],
] as const)('%s: what the preflight says of who may publish to the topic', async (_, onTopic, onProject, status, says) => {
  const check = await judge(onTopic, onProject);
  expect([check?.id, check?.status]).toEqual(['topic-publishers', status]);
  expect(check?.detail).toMatch(says);
}); // prettier-ignore

it.each([
  ['of the project is not known to publish', [], [of(PUBLISHES)], 'unknown', /^whether these may publish to it is not known, .* \(iam\.roles\.get\): user:intern@/],
  ['of the project is said beside those that do', [], [of(PUBLISHES), of('roles/editor', 'user:dev@example.com')], 'warn', /due: user:dev@\S+ \(roles\/editor on projects\/ml-ops\); not known, for the custom role cannot be read: user:intern@/],
  ['of anyone is not known to publish', [], [of(PUBLISHES, 'allUsers')], 'unknown', /^whether these may publish .*: allUsers/],
  ['of the topic counts as one that publishes', [of(READS)], [], 'warn', /roles\/reader on/],
  ['that is only called like those of deploy.sh is not known to publish', [], [of('projects/ml-ops/roles/costguardX')], 'unknown', /roles\/costguardX on/],
  ['that deploy.sh made does not', [], [of(OWN)], 'pass', /no one may publish/],
] as const)('a custom role that cannot be read %s', async (_, onTopic, onProject, status, says) => {
  const check = await judge(onTopic, onProject, false);
  expect([check?.status, check?.detail]).toEqual([status, expect.stringMatching(says)]);
}); // prettier-ignore

describe("Google's own account of budgets", () => {
  it.each([
    ['only by a role of the project that cannot be read', [], [of(PUBLISHES, BUDGETS)], 'unknown', /^whether \S+ may publish to it is not known, .* \(iam\.roles\.get\): \S+\/roles\/sender on projects\/ml-ops$/],
    ['by such a role, and under a condition', [{ ...GOOGLE, condition: {} }], [of(PUBLISHES, BUDGETS)], 'unknown', /is not known/],
    ['by such a role, and on the topic', [GOOGLE], [of(PUBLISHES, BUDGETS)], 'pass', /^Google's budgets may/],
    ['by nothing', [], [], 'fail', /may not publish/],
  ] as const)('%s', async (_, onTopic, onProject, status, says) => {
    const { google } = await inspect(onTopic, onProject, false);
    expect([google?.status, google?.detail]).toEqual([status, expect.stringMatching(says)]);
  }); // prettier-ignore
});

it('reads a custom role of several bindings once', async () => {
  const bindings = [of(READS), of(READS, 'user:dev@example.com'), of(READS, undefined, { condition: {} })];
  expect((await inspect([], bindings)).read).toEqual([READS]);
});
