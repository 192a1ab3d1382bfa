import pMap from 'p-map';
import * as z from 'zod/mini';
import { isNotFound, isUnseen, readJson, readJsonIfAny, type Gcloud } from './gcloud.ts';
import { DEAD_LETTERS, MADE_BY_TEXT, roleIdOf, topicOf } from './names.ts';
import { ownTopic } from './plan.ts';
import { boundBefore } from './plan-access.ts';
import type { Binding, Present, PresentRole } from './present.ts';
import {
  accountSchema,
  alertSchema,
  functionSchema,
  iamSchema,
  idOf,
  isMade,
  isReady,
  jobSchema,
  roleSchema,
  serviceSchema,
  subscriptionSchema,
  toAlert,
  toBucket,
  toFunction,
  toJob,
  topicSchema,
  toSubscription,
  triggerSchema,
} from './present-wire.ts';
import { accessOf, type Wanted } from './wanted.ts';

/** gcloud is a new process for each question, of a second or so, and most of it is its start. */
const AT_ONCE = 4;

export interface Surroundings {
  readonly projectNumber: string;
  readonly organizationOf: (resource: string) => string | undefined;
}

/**
 * Looks at everything that deploy makes or binds; changes nothing. What lies behind an API that is not enabled does not
 * exist, and is not asked for. Throws `GcloudFailed`.
 */
export async function readPresent(
  gcloud: Gcloud,
  wanted: Wanted,
  { projectNumber, organizationOf }: Surroundings,
): Promise<Present> {
  const { project, region, policy } = wanted;
  const inProject = `--project=${project}`;
  const apis = await readApis(gcloud, project);
  const list = async <T>(
    api: string,
    args: readonly string[],
    schema: z.ZodMiniType<T>,
  ): Promise<readonly T[]> => (apis.has(api) ? z.array(schema).parse(await readJson(gcloud, args)) : []);

  const [accounts, topics, subscriptions, functions, triggers, jobs, alerts, bucket] = await inTurns(
    () => list('iam.googleapis.com', ['iam', 'service-accounts', 'list', inProject], accountSchema),
    () => list('pubsub.googleapis.com', ['pubsub', 'topics', 'list', inProject], topicSchema),
    () => list('pubsub.googleapis.com', ['pubsub', 'subscriptions', 'list', inProject], subscriptionSchema),
    () =>
      list(
        'cloudfunctions.googleapis.com',
        ['functions', 'list', '--v2', `--regions=${region}`, inProject],
        functionSchema,
      ),
    () =>
      list(
        'eventarc.googleapis.com',
        ['eventarc', 'triggers', 'list', `--location=${region}`, inProject],
        triggerSchema,
      ),
    () =>
      list(
        'cloudscheduler.googleapis.com',
        ['scheduler', 'jobs', 'list', `--location=${region}`, inProject],
        jobSchema,
      ),
    () =>
      wanted.functions.some(({ settings }) => settings.alert)
        ? list(
            'monitoring.googleapis.com',
            ['alpha', 'monitoring', 'policies', 'list', inProject],
            alertSchema,
          )
        : Promise.resolve([]),
    () =>
      policy.stateBucket === undefined || !apis.has('storage.googleapis.com')
        ? Promise.resolve(undefined)
        : readJsonIfAny(gcloud, ['storage', 'buckets', 'describe', `gs://${policy.stateBucket}`, '--raw']),
  );
  const subscriptionOf = new Map(
    triggers.map(({ name, transport }) => [name, transport?.pubsub?.subscription]),
  );
  const known = {
    functions: new Map(functions.map((fn) => [idOf(fn.name), toFunction(fn, subscriptionOf)])),
    topics: new Map(topics.map(({ name, labels }) => [idOf(name), { made: isMade(labels) }])),
    subscriptions: new Map(subscriptions.map((one) => [idOf(one.name), toSubscription(one)])),
  };
  const accesses = wanted.functions.flatMap((fn) => accessOf(wanted, fn, organizationOf));
  const before = wanted.functions.flatMap(({ name }) => boundBefore(known, name).map((on) => ({ name, on })));
  const roleNames = new Set([
    ...accesses.flatMap(({ roleName, role }) => (role === undefined ? [] : [roleName])),
    ...before.flatMap(({ name, on }) =>
      on.startsWith('projects/') ? [`${on}/roles/${roleIdOf(name)}`] : [],
    ),
  ]);
  const expected = new Set([
    `projects/${project}`,
    ...accesses.map(({ on }) => on),
    ...[...topicsIn(wanted)].filter((id) => known.topics.has(id)).map((id) => `topics/${id}`),
    ...wanted.functions.flatMap(({ name }) => {
      const fn = known.functions.get(name);
      if (fn === undefined) return [];
      const id = fn.subscription?.split('/').at(-1);
      return [
        `services/${name}`,
        ...(id !== undefined && known.subscriptions.has(id) ? [`subscriptions/${id}`] : []),
      ];
    }),
  ]);
  if (bucket === undefined) expected.delete(`gs://${policy.stateBucket ?? ''}`);
  const resources = new Set([...expected, ...before.map(({ on }) => on)]);
  const [roles, bindings] = await Promise.all([
    apis.has('iam.googleapis.com')
      ? pMap(roleNames, async (name) => [name, await readRole(gcloud, name)] as const, {
          concurrency: AT_ONCE / 2,
        })
      : [],
    pMap(
      resources,
      // A project of a former scope may be gone by now.
      async (on) =>
        [on, await readBindings(gcloud, wanted, on, expected.has(on) ? isNotFound : isUnseen)] as const,
      { concurrency: AT_ONCE / 2 },
    ),
  ]);
  return {
    projectNumber,
    organizationOf,
    apis,
    bucket: bucket === undefined ? undefined : toBucket(bucket),
    ...known,
    accounts: new Map(
      accounts.map(({ email, description }) => [email, { made: description === MADE_BY_TEXT }]),
    ),
    roles: new Map(roles.flatMap(([name, role]) => (role === undefined ? [] : [[name, role]]))),
    bindings: new Map(bindings),
    jobs: new Map(jobs.map((job) => [idOf(job.name), toJob(job)])),
    alerts: alerts.map((alert) => toAlert(alert)),
  };
}

/** Names of the functions whose container started and listens. */
export async function readReady(
  gcloud: Gcloud,
  { project, region }: Pick<Wanted, 'project' | 'region'>,
): Promise<ReadonlySet<string>> {
  const services = z
    .array(serviceSchema)
    .parse(await readJson(gcloud, ['run', 'services', 'list', `--region=${region}`, `--project=${project}`]));
  return new Set(services.filter((service) => isReady(service)).map(({ metadata }) => metadata.name));
}

/** Runs a fixed list of look-ups, a few at a time. */
async function inTurns<T extends readonly (() => Promise<unknown>)[]>(
  ...lookUps: T
): Promise<{ [K in keyof T]: Awaited<ReturnType<T[K]>> }> {
  const answers = await pMap(lookUps, (lookUp) => lookUp(), { concurrency: AT_ONCE });
  return answers as { [K in keyof T]: Awaited<ReturnType<T[K]>> };
}

/** Ids of the topics in the operations project on which something is bound. */
function topicsIn(wanted: Wanted): ReadonlySet<string> {
  const receipts = ownTopic(wanted.policy.receiptsTopic, wanted.project);
  return new Set([
    DEAD_LETTERS,
    ...wanted.functions.map(({ name }) => topicOf(name)),
    ...(receipts === undefined ? [] : [receipts]),
  ]);
}

/** The APIs that are enabled in a project. */
export async function readApis(gcloud: Gcloud, project: string): Promise<ReadonlySet<string>> {
  const services = z
    .array(
      z.looseObject({
        config: z.optional(z.looseObject({ name: z.string() })),
        name: z.optional(z.string()),
      }),
    )
    .parse(await readJson(gcloud, ['services', 'list', '--enabled', `--project=${project}`]));
  return new Set(services.map(({ config, name = '' }) => config?.name ?? idOf(name)));
}

async function readRole(gcloud: Gcloud, name: string): Promise<PresentRole | undefined> {
  const [, home = '', id = ''] = /^(.*)\/roles\/(.*)$/.exec(name) ?? [];
  const where = home.startsWith('projects/')
    ? `--project=${home.slice('projects/'.length)}`
    : `--organization=${home.slice('organizations/'.length)}`;
  const answer = await readJsonIfAny(gcloud, ['iam', 'roles', 'describe', id, where]);
  if (answer === undefined) return undefined;
  const {
    title = '',
    description = '',
    stage = 'ALPHA',
    includedPermissions = [],
    deleted,
  } = roleSchema.parse(answer);
  return { title, description, stage, permissions: includedPermissions, deleted: deleted === true };
}

/** Empty for a resource that is gone. Conditional bindings are none of ours. */
async function readBindings(
  gcloud: Gcloud,
  wanted: Wanted,
  on: string,
  isGone: (stderr: string) => boolean,
): Promise<readonly Binding[]> {
  const answer = await readJsonIfAny(gcloud, policyCommand(wanted, on), isGone);
  const { bindings = [] } = iamSchema.parse(answer ?? {});
  return bindings
    .filter(({ condition }) => condition === undefined)
    .flatMap(({ role, members }) => members.map((member) => ({ role, member })));
}

function policyCommand({ project, region }: Wanted, on: string): readonly string[] {
  const id = on.slice(on.indexOf('/') + 1);
  if (on.startsWith('gs://')) return ['storage', 'buckets', 'get-iam-policy', on];
  if (on.startsWith('projects/')) return ['projects', 'get-iam-policy', id];
  if (on.startsWith('folders/')) return ['resource-manager', 'folders', 'get-iam-policy', id];
  if (on.startsWith('organizations/')) return ['organizations', 'get-iam-policy', id];
  if (on.startsWith('billingAccounts/')) return ['billing', 'accounts', 'get-iam-policy', id];
  if (on.startsWith('topics/')) return ['pubsub', 'topics', 'get-iam-policy', id, `--project=${project}`];
  if (on.startsWith('subscriptions/'))
    return ['pubsub', 'subscriptions', 'get-iam-policy', id, `--project=${project}`];
  return ['run', 'services', 'get-iam-policy', id, `--region=${region}`, `--project=${project}`];
}
