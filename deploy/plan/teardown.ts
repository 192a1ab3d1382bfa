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
import { deleteRole, planRoleDeletions, revokeAll } from './access.ts';
import type { Actual } from '../actual/actual.ts';
import type { Step } from '../desired/step.ts';
import {
  accessOf,
  buildAccountOf,
  runtimeAccountOf,
  triggerAccountOf,
  type Desired,
} from '../desired/desired.ts';

/**
 * The commands that remove what deploy made for these functions, and what they share once the last of them goes. What
 * does not bear deploy's mark is left alone, and what a function of the same name in another region uses. Pure.
 */
export function planTeardown(wanted: Desired, present: Actual, deleteState: boolean): readonly Step[] {
  const going = new Set(wanted.functions.map(({ name }) => name));
  const staying = [
    ...present.elsewhere,
    ...[...present.functions].filter(([name, fn]) => isMade(fn.labels) && !going.has(name)),
  ];
  const isElsewhere = (name: string): boolean => present.elsewhere.some((one) => one.name === name);
  return [
    ...wanted.functions.flatMap((fn) => [
      ...planJob(wanted, present, fn.name),
      ...(isElsewhere(fn.name) ? deleteFunction(wanted, present, fn.name) : planAll(wanted, present, fn)),
    ]),
    ...(staying.length === 0 ? planShared(wanted, present, deleteState) : []),
  ];
}

function planAll(wanted: Desired, present: Actual, fn: Desired['functions'][number]): readonly Step[] {
  return [
    // The function itself remembers where its account holds roles, so that it goes after them.
    ...planAccess(wanted, present, fn),
    ...planFunction(wanted, present, fn.name),
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

function deleteFunction({ project, region }: Desired, present: Actual, name: string): readonly Step[] {
  const fn = present.functions.get(name);
  if (fn === undefined || !isMade(fn.labels)) return [];
  return [
    {
      why: `${name}, its trigger and its subscription`,
      args: ['functions', 'delete', name, '--gen2', `--project=${project}`, `--region=${region}`, '--quiet'],
    },
  ];
}

function planFunction(wanted: Desired, present: Actual, name: string): readonly Step[] {
  const { project } = wanted;
  const steps: Step[] = [...deleteFunction(wanted, present, name)];
  for (const alert of present.alerts)
    if (alert.made && alert.displayName === alertOf(name))
      steps.push({
        why: `The alert on ${name}`,
        args: ['alpha', 'monitoring', 'policies', 'delete', alert.name, `--project=${project}`, '--quiet'],
      });
  return [
    ...steps,
    ...planDashboardRemoval(wanted, present, name),
    ...planTopic(project, present, topicOf(name), `The topic of ${name}`),
    ...deleteAccount(project, present, runtimeAccountOf(wanted, name), `The account of ${name}`),
  ];
}

function planTopic(project: string, present: Actual, id: string, why: string): readonly Step[] {
  if (present.topics.get(id)?.made !== true) return [];
  // Another installation may publish its receipts there.
  if (accountsElsewhere(project, present, `topics/${id}`).length > 0) return [];
  return [{ why, args: ['pubsub', 'topics', 'delete', id, `--project=${project}`, '--quiet'] }];
}

/** Bindings before roles and accounts: what is bound to something deleted stays behind as `deleted:…`. */
function planAccess(wanted: Desired, present: Actual, fn: Desired['functions'][number]): readonly Step[] {
  const { name } = fn;
  const member = `serviceAccount:${runtimeAccountOf(wanted, name)}`;
  const access = accessOf(wanted, fn, present.organizationOf);
  const receipts = ownTopic(wanted.policy.receiptsTopic, wanted.project);
  const bound = new Set([
    ...access.map(({ on }) => on),
    ...boundBefore(present, name).map(({ on }) => on),
    ...(receipts === undefined ? [] : [`topics/${receipts}`]),
  ]);
  return [
    ...[...bound].flatMap((on) =>
      revokeAll(wanted, present, on, member, `${name} may nothing on ${on} any more`),
    ),
    ...planRoleDeletions(wanted, present, name, new Set()),
  ];
}

function deleteAccount(project: string, { accounts }: Actual, email: string, why: string): readonly Step[] {
  if (accounts.get(email)?.made !== true) return [];
  return [{ why, args: ['iam', 'service-accounts', 'delete', email, `--project=${project}`, '--quiet'] }];
}

function planShared(wanted: Desired, present: Actual, deleteState: boolean): readonly Step[] {
  const { project, policy } = wanted;
  const receipts = ownTopic(policy.receiptsTopic, project);
  const steps: Step[] = [];
  if (present.subscriptions.get(DEAD_LETTERS_HOLD)?.made === true)
    steps.push({
      why: 'The kept dead letters',
      args: ['pubsub', 'subscriptions', 'delete', DEAD_LETTERS_HOLD, `--project=${project}`, '--quiet'],
    });
  steps.push(
    ...planTopic(project, present, DEAD_LETTERS, 'The topic of dead letters'),
    ...(receipts === undefined ? [] : planTopic(project, present, receipts, 'The topic of receipts')),
    ...revoke(
      present,
      wanted,
      `projects/${project}`,
      { role: 'roles/cloudbuild.builds.builder', member: `serviceAccount:${buildAccountOf(wanted)}` },
      `${BUILD_ACCOUNT} builds no more`,
    ),
    ...deleteAccount(project, present, buildAccountOf(wanted), `The account ${BUILD_ACCOUNT}`),
    ...deleteAccount(project, present, triggerAccountOf(wanted), `The account ${TRIGGER_ACCOUNT}`),
  );
  for (const [role, { deleted }] of present.roles)
    if (!deleted && isSharedStateRole(wanted, role)) steps.push(deleteRole(role));
  const bucket = `gs://${policy.stateBucket ?? ''}`;
  if (deleteState && present.bucket !== undefined && accountsElsewhere(project, present, bucket).length === 0)
    steps.push({
      why: 'The state bucket with all receipts and restore manifests, for good',
      args: ['storage', 'rm', bucket, '--recursive', '--quiet'],
    });
  return steps;
}
