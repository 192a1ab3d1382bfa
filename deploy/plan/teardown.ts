import { boundBefore } from '../actual/bound-before.ts';
import { planDashboardRemoval } from './dashboard.ts';
import { revoke } from './grants.ts';
import {
  alertOf,
  BUILD_ACCOUNT,
  DEAD_LETTERS,
  DEAD_LETTERS_HOLD,
  jobOf,
  MADE_BY,
  topicOf,
  TRIGGER_ACCOUNT,
} from '../desired/names.ts';
import { ownTopic } from '../desired/names.ts';
import { accountsElsewhere, isSharedStateRole } from '../actual/own-roles.ts';
import { revokeAll } from './access.ts';
import { deleteRole, planRoleDeletions } from './role-deletions.ts';
import type { Actual } from '../actual/actual.ts';
import type { Step } from '../desired/step.ts';
import { actualAccessOf } from '../actual/actual-access.ts';
import { buildAccountOf, runtimeAccountOf, triggerAccountOf, type Desired } from '../desired/desired.ts';

/**
 * The commands that remove what deploy made for these functions, and what they share once the last of them goes. What
 * does not bear deploy's mark is left alone, and what a function of the same name in another region uses. Pure.
 */
export function planTeardown(desired: Desired, actual: Actual, deleteState: boolean): readonly Step[] {
  const going = new Set(desired.functions.map(({ name }) => name));
  const staying = [
    ...actual.elsewhere,
    ...[...actual.functions].filter(([name, fn]) => isMade(fn.labels) && !going.has(name)),
  ];
  const isElsewhere = (name: string): boolean => actual.elsewhere.some((one) => one.name === name);
  return [
    ...desired.functions.flatMap((fn) => [
      ...planJob(desired, actual, fn.name),
      ...(isElsewhere(fn.name) ? deleteFunction(desired, actual, fn.name) : planAll(desired, actual, fn)),
    ]),
    ...(staying.length === 0 ? planShared(desired, actual, deleteState) : []),
  ];
}

function planAll(desired: Desired, actual: Actual, fn: Desired['functions'][number]): readonly Step[] {
  return [
    // The function itself remembers where its account holds roles, so that it goes after them.
    ...planAccess(desired, actual, fn),
    ...planFunction(desired, actual, fn.name),
  ];
}

function isMade(labels: Readonly<Record<string, string>>): boolean {
  return labels[MADE_BY.key] === MADE_BY.value;
}

function planJob({ project, region }: Desired, { jobs }: Actual, name: string): readonly Step[] {
  const id = jobOf(name);
  if (jobs.get(id)?.made !== true) return [];
  return [
    {
      why: `${name} ticks no more`,
      args: ['scheduler', 'jobs', 'delete', id, `--project=${project}`, `--location=${region}`, '--quiet'],
    },
  ];
}

function deleteFunction({ project, region }: Desired, actual: Actual, name: string): readonly Step[] {
  const fn = actual.functions.get(name);
  if (fn === undefined || !isMade(fn.labels)) return [];
  return [
    {
      why: `${name}, its trigger and its subscription`,
      args: ['functions', 'delete', name, '--gen2', `--project=${project}`, `--region=${region}`, '--quiet'],
    },
  ];
}

function planFunction(desired: Desired, actual: Actual, name: string): readonly Step[] {
  const { project } = desired;
  const steps: Step[] = [...deleteFunction(desired, actual, name)];
  for (const alert of actual.alerts)
    if (alert.made && alert.displayName === alertOf(name))
      steps.push({
        why: `The alert on ${name}`,
        args: ['alpha', 'monitoring', 'policies', 'delete', alert.name, `--project=${project}`, '--quiet'],
      });
  return [
    ...steps,
    ...planDashboardRemoval(desired, actual, name),
    ...planTopic(project, actual, topicOf(name), `The topic of ${name}`),
    ...deleteAccount(project, actual, runtimeAccountOf(desired, name), `The account of ${name}`),
  ];
}

function planTopic(project: string, actual: Actual, id: string, why: string): readonly Step[] {
  if (actual.topics.get(id)?.made !== true) return [];
  // Another installation may publish its receipts there.
  if (accountsElsewhere(project, actual, `topics/${id}`).length > 0) return [];
  return [{ why, args: ['pubsub', 'topics', 'delete', id, `--project=${project}`, '--quiet'] }];
}

/** Bindings before roles and accounts: what is bound to something deleted stays behind as `deleted:…`. */
function planAccess(desired: Desired, actual: Actual, fn: Desired['functions'][number]): readonly Step[] {
  const { name } = fn;
  const member = `serviceAccount:${runtimeAccountOf(desired, name)}`;
  const access = actualAccessOf(desired, fn, actual);
  const receipts = ownTopic(desired.policy.receiptsTopic, desired.project);
  const bound = new Set([
    ...access.map(({ on }) => on),
    ...boundBefore(actual, name).map(({ on }) => on),
    ...(receipts === undefined ? [] : [`topics/${receipts}`]),
  ]);
  return [
    ...[...bound].flatMap((on) =>
      revokeAll(desired, actual, on, member, `${name} may nothing on ${on} any more`),
    ),
    ...planRoleDeletions(desired, actual, name, new Set()),
  ];
}

function deleteAccount(project: string, { accounts }: Actual, email: string, why: string): readonly Step[] {
  if (accounts.get(email)?.made !== true) return [];
  return [{ why, args: ['iam', 'service-accounts', 'delete', email, `--project=${project}`, '--quiet'] }];
}

function planShared(desired: Desired, actual: Actual, deleteState: boolean): readonly Step[] {
  const { project, policy } = desired;
  const receipts = ownTopic(policy.receiptsTopic, project);
  const steps: Step[] = [];
  if (actual.subscriptions.get(DEAD_LETTERS_HOLD)?.made === true)
    steps.push({
      why: 'The kept dead letters',
      args: ['pubsub', 'subscriptions', 'delete', DEAD_LETTERS_HOLD, `--project=${project}`, '--quiet'],
    });
  steps.push(
    ...planTopic(project, actual, DEAD_LETTERS, 'The topic of dead letters'),
    ...(receipts === undefined ? [] : planTopic(project, actual, receipts, 'The topic of receipts')),
    ...revoke(
      actual,
      desired,
      `projects/${project}`,
      { role: 'roles/cloudbuild.builds.builder', member: `serviceAccount:${buildAccountOf(desired)}` },
      `${BUILD_ACCOUNT} builds no more`,
    ),
    ...deleteAccount(project, actual, buildAccountOf(desired), `The account ${BUILD_ACCOUNT}`),
    ...deleteAccount(project, actual, triggerAccountOf(desired), `The account ${TRIGGER_ACCOUNT}`),
  );
  for (const [role, { deleted }] of actual.roles)
    if (!deleted && isSharedStateRole(desired, role)) steps.push(deleteRole(role));
  const bucket = `gs://${policy.stateBucket ?? ''}`;
  if (deleteState && actual.bucket !== undefined && accountsElsewhere(project, actual, bucket).length === 0)
    steps.push({
      why: 'The state bucket with all receipts and restore manifests, for good',
      args: ['storage', 'rm', bucket, '--recursive', '--quiet'],
    });
  return steps;
}
