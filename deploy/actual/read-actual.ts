import pMap from 'p-map';
import * as z from 'zod/mini';
import { resourceId } from '../../shared/google/resource-name.ts';
import { boundBefore } from './bound-before.ts';
import { AT_ONCE, isNotFound, isUnseen, readJson, readJsonIfAny, type Gcloud } from './gcloud.ts';
import { runLookUps, lister } from './look-ups.ts';
import { DEAD_LETTERS, MADE_BY_TEXT, ownTopic, topicOf, type BillingRoles } from '../desired/names.ts';
import type { Actual } from './actual.ts';
import { parseList, parseOne, type NoteUnread, type Unread } from './read-answer.ts';
import {
  accountSchema,
  alertSchema,
  bucketSchema,
  dashboardSchema,
  isMade,
  jobSchema,
  toAlert,
  toBucket,
  toDashboard,
  toJob,
  topicSchema,
} from './wire.ts';
import { readBindings } from './read-bindings.ts';
import { deliveryLists, subscriptionOf, toDelivery, type Delivery } from './read-delivery.ts';
import { readRoles } from './read-roles.ts';
import { writesMetrics, type Access } from '../desired/access.ts';
import { actualAccessOf } from './actual-access.ts';
import type { Desired } from '../desired/desired.ts';

export interface HostFacts {
  readonly projectNumber: string;
  readonly organizationOf: (resource: string) => string | undefined;
  /** As the arguments say, or as an earlier deployment noted. */
  readonly billingRoles: BillingRoles;
  /** What cannot be seen of the policy's scope, with the reason; a teardown goes on with the rest. */
  readonly unseen: ReadonlyMap<string, string>;
}

/**
 * Looks at everything that deploy makes or binds; changes nothing. What lies behind an API that is not enabled does not
 * exist, and is not read. Throws `GcloudFailed`.
 */
export async function readActual(
  gcloud: Gcloud,
  desired: Desired,
  { projectNumber, organizationOf, billingRoles, unseen }: HostFacts,
): Promise<Actual> {
  const unread: Unread[] = [];
  const note = (one: Unread): void => void unread.push(one);
  const apis = await readApis(gcloud, desired.project, note);
  const [accounts, topics, subscriptions, functions, triggers, jobs, alerts, dashboards, bucket] =
    await readLists(gcloud, desired, apis, note);
  const known = {
    ...toDelivery(desired, subscriptions, functions, triggers),
    topics: new Map(topics.map(({ name, labels }) => [resourceId(name), { made: isMade(labels) }])),
  };
  const accesses = desired.functions.flatMap((fn) =>
    actualAccessOf(desired, fn, { ...known, organizationOf }),
  );
  const before = desired.functions.flatMap(({ name }) => boundBefore(known, name));
  const expected = expectedResources(desired, accesses, known);
  if (bucket === undefined) expected.delete(`gs://${desired.policy.stateBucket ?? ''}`);
  const resources = new Set([...expected, ...before.map(({ on }) => on)]);
  // A project of a former scope may be gone by now.
  const goneOf = (on: string) => (expected.has(on) && !unseen.has(on) ? isNotFound : isUnseen);
  const bindings = new Map(
    await pMap(
      resources,
      async (on) => [on, await readBindings(gcloud, desired, on, goneOf(on), note)] as const,
      { concurrency: AT_ONCE },
    ),
  );
  const roles = apis.has('iam.googleapis.com')
    ? await readRoles(gcloud, desired, { accesses, before, bindings, unseen, note })
    : { roles: new Map(), holders: new Map() };
  return {
    projectNumber,
    organizationOf,
    billingRoles,
    apis,
    bucket,
    ...known,
    accounts: new Map(
      accounts.map(({ email, description }) => [email, { made: description === MADE_BY_TEXT }]),
    ),
    ...roles,
    blockedRoles: new Set(),
    bindings,
    jobs: new Map(jobs.map((job) => [resourceId(job.name), toJob(job)])),
    alerts: alerts.map((alert) => toAlert(alert)),
    dashboards: new Map(dashboards.map((one) => [resourceId(one.name), toDashboard(one)])),
    unread,
  };
}

/** The lists of the operations project, and the state bucket: what needs no other look before it. */
function readLists(gcloud: Gcloud, desired: Desired, apis: ReadonlySet<string>, note: NoteUnread) {
  const { project, region, policy } = desired;
  const inProject = `--project=${project}`;
  const list = lister(gcloud, apis, note);
  const delivery = deliveryLists(list, desired);
  return runLookUps(
    () => list('iam.googleapis.com', ['iam', 'service-accounts', 'list', inProject], accountSchema),
    () => list('pubsub.googleapis.com', ['pubsub', 'topics', 'list', inProject], topicSchema),
    delivery.subscriptions,
    delivery.functions,
    delivery.triggers,
    () =>
      list(
        'cloudscheduler.googleapis.com',
        ['scheduler', 'jobs', 'list', `--location=${region}`, inProject],
        jobSchema,
      ),
    () =>
      desired.functions.some(({ settings }) => settings.alert)
        ? list(
            'monitoring.googleapis.com',
            ['alpha', 'monitoring', 'policies', 'list', inProject],
            alertSchema,
          )
        : Promise.resolve([]),
    () => readDashboards(gcloud, desired, apis, note),
    () =>
      policy.stateBucket === undefined || !apis.has('storage.googleapis.com')
        ? Promise.resolve(undefined)
        : readBucket(gcloud, `gs://${policy.stateBucket}`),
  );
}

/** Where bindings of costguard's own are to be, of what is there. */
function expectedResources(
  desired: Desired,
  accesses: readonly Access[],
  known: Delivery & Pick<Actual, 'topics'>,
): Set<string> {
  return new Set([
    `projects/${desired.project}`,
    ...accesses.map(({ on }) => on),
    ...[...topicsIn(desired)].filter((id) => known.topics.has(id)).map((id) => `topics/${id}`),
    ...desired.functions.flatMap(({ name }) => {
      if (!known.functions.has(name)) return [];
      const subscription = subscriptionOf(known, name);
      return [`services/${name}`, ...(subscription === undefined ? [] : [subscription])];
    }),
  ]);
}

/** Ids of the topics in the operations project on which something is bound. */
function topicsIn(desired: Desired): ReadonlySet<string> {
  const receipts = ownTopic(desired.policy.receiptsTopic, desired.project);
  return new Set([
    DEAD_LETTERS,
    ...desired.functions.map(({ name }) => topicOf(name)),
    ...(receipts === undefined ? [] : [receipts]),
  ]);
}

/** Where the policy wants no dashboard, one that may not be looked at counts as none: nothing is done about it then. */
async function readDashboards(
  gcloud: Gcloud,
  { project, policy, functions }: Desired,
  apis: ReadonlySet<string>,
  note: NoteUnread,
): Promise<readonly z.infer<typeof dashboardSchema>[]> {
  if (!apis.has('monitoring.googleapis.com') || functions.every(({ dashboard }) => dashboard === undefined))
    return [];
  const args = ['monitoring', 'dashboards', 'list', `--project=${project}`];
  const answer = writesMetrics(policy)
    ? await readJson(gcloud, args)
    : await readJsonIfAny(gcloud, args, isUnseen);
  return answer === undefined ? [] : parseList(args, dashboardSchema, answer, note);
}

async function readBucket(gcloud: Gcloud, url: string): Promise<Actual['bucket']> {
  const args = ['storage', 'buckets', 'describe', url, '--raw'];
  const answer = await readJsonIfAny(gcloud, args);
  return answer === undefined ? undefined : toBucket(parseOne(args, bucketSchema, answer));
}

const apiSchema = z.looseObject({
  config: z.optional(z.looseObject({ name: z.string() })),
  name: z.optional(z.string()),
});

/** The APIs that are enabled in a project. */
export async function readApis(
  gcloud: Gcloud,
  project: string,
  note: NoteUnread,
): Promise<ReadonlySet<string>> {
  const args = ['services', 'list', '--enabled', `--project=${project}`];
  const services = parseList(args, apiSchema, await readJson(gcloud, args), note);
  return new Set(services.map(({ config, name = '' }) => config?.name ?? resourceId(name)));
}
