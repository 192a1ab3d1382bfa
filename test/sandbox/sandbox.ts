import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApiError } from './http/api-error.ts';
import { createBillingClock, type BillingClock } from './clock/billing-clock.ts';
import { bucketSeries, isBucketGauge } from './metrics/bucket-series.ts';
import { createCallLog, type CallLog } from './http/call-log.ts';
import { makeCertificates } from './http/certificate.ts';
import { publishClock } from './clock/clock-file.ts';
import { createClock, type Clock } from './clock/clock.ts';
import { createFaults, type Faults } from './http/faults.ts';
import { endpointSeries, isEndpointMetric } from './metrics/endpoint-series.ts';
import { isSteadyMetric, steadySeries } from './metrics/steady-series.ts';
import { fleetSeries } from './metrics/fleet-series.ts';
import { createFleet, type Fleet } from './services/compute/fleet.ts';
import { createPolicies, type Policies } from './iam/iam-policy.ts';
import { gcloudEnvironments } from './gcloud/gcloud-environment.ts';
import { createIam, type Iam } from './iam/iam.ts';
import { startMetadataServer } from './iam/metadata-server.ts';
import { createPerimeters, type Perimeters } from './iam/perimeters.ts';
import { startProxy } from './http/proxy.ts';
import { hasRole, PREDEFINED_ROLES, roleFile } from './iam/roles.ts';
import { momentMs } from './clock/moment.ts';
import type { Route } from './http/route.ts';
import type { Scenario } from './scenario.ts';
import { startServer } from './http/server.ts';
import { billingParentOf } from './services/billing/links.ts';
import { BUDGET_ACCOUNT, budgetsMayPublish, letBudgetsPublish } from './services/billing/budget-publisher.ts';
import { createBillingService, type BillingService } from './services/billing/service.ts';
import { groupRoutes } from './services/compute/group-routes.ts';
import { createGroups, type Groups } from './services/compute/groups.ts';
import { computeService } from './services/compute/routes.ts';
import { createMonitoringService, type MonitoringService } from './services/monitoring/service.ts';
import { iamCredentialsService } from './services/iam-credentials/routes.ts';
import { createAccounts, type Accounts } from './services/iam/accounts.ts';
import { accountRoutes } from './services/iam/account-routes.ts';
import { keyRoutes, seedAccounts } from './services/iam/keys.ts';
import { createRoleBook, type RoleBook } from './services/iam/role-book.ts';
import { roleRoutes } from './services/iam/role-routes.ts';
import { eventarcRoutes } from './services/functions/eventarc-routes.ts';
import { createFrontEnd } from './services/functions/front-end.ts';
import { serviceName } from './services/functions/model.ts';
import { seedServices } from './services/functions/seeded.ts';
import { functionRoutes } from './services/functions/routes.ts';
import { runRoutes } from './services/functions/run-routes.ts';
import { createFunctions, type Functions } from './services/functions/state.ts';
import { postToThisMachine } from './services/pubsub/post.ts';
import { createTokens } from './iam/tokens.ts';
import { secretRoutes } from './services/secret-manager/routes.ts';
import { loggingRoutes } from './services/logging/routes.ts';
import { alertingRoutes } from './services/monitoring/alerting.ts';
import { createJobs, type Jobs } from './services/scheduler/jobs.ts';
import { schedulerRoutes } from './services/scheduler/routes.ts';
import { resourceManagerIam } from './services/resource-manager/iam.ts';
import { serviceUsageService } from './services/service-usage/routes.ts';
import { notebooksService } from './services/notebooks/routes.ts';
import { runtimeRoutes } from './services/notebooks/runtimes.ts';
import { oauth2Service } from './services/oauth2/routes.ts';
import {
  createProjects,
  resourceManagerService,
  type Projects,
} from './services/resource-manager/projects.ts';
import { createPubsubService, type PubsubService } from './services/pubsub/service.ts';
import { createStorageService, type StorageService } from './services/storage/service.ts';
import { isTrafficMetric, trafficSeries } from './metrics/traffic.ts';
import { BATCH_JOBS } from './services/batch/collection.ts';
import { containerRoutes } from './services/container/routes.ts';
import { dataflowRoutes } from './services/dataflow/routes.ts';
import { DATAPROC_CLUSTERS } from './services/dataproc/collection.ts';
import { locationRoutes, storedRoutes } from './services/stored/routes.ts';
import { createStore, type Store } from './services/stored/store.ts';
import { TPU_COLLECTIONS } from './services/tpu/collections.ts';
import { vertexCollections } from './services/vertex/collections.ts';
import { linkPipelines } from './services/vertex/pipelines.ts';
import { vertexRegions, vertexService } from './services/vertex/service.ts';
import { WORKSTATION_COLLECTIONS } from './services/workstations/collections.ts';
import { createVertex, type Vertex } from './services/vertex/state.ts';

/** A local Google Cloud, running. */
export interface Sandbox {
  readonly scenario: Scenario;
  readonly clock: Clock;
  readonly iam: Iam;
  readonly policies: Policies;
  readonly roles: RoleBook;
  readonly accounts: Accounts;
  readonly functions: Functions;
  readonly jobs: Jobs;
  /** All that it serves. */
  readonly routes: readonly Route[];
  readonly faults: Faults;
  /** Service perimeters: those of the scenario, and what a test adds. */
  readonly perimeters: Perimeters;
  readonly callLog: CallLog;
  readonly fleet: Fleet;
  readonly groups: Groups;
  readonly projects: Projects;
  readonly storage: StorageService;
  readonly pubsub: PubsubService;
  readonly billing: BillingService;
  readonly monitoring: Omit<MonitoringService, 'routes'>;
  readonly vertex: Vertex;
  /** Resources that are kept as the API shows them. */
  readonly store: Store;
  readonly billingClock: BillingClock;
  readonly port: number;
  readonly proxyUrl: string;
  /** Hosts to which the proxy opened a tunnel, in order. */
  readonly tunnels: readonly string[];
  /** For files that belong to this sandbox; removed with it. */
  readonly folder: string;
  /** Path of the certificate authority, PEM. */
  readonly caFile: string;
  /** A token for an account, as its metadata server would hand out. */
  issueToken(account: string): string;
  /** Gives a function's account its role on the scope, the state bucket and its topics, as deploy does. */
  grant(options: GrantOptions): string;
  /** Environment under which an unchanged bundle runs as `account` in this sandbox. */
  functionEnvironment(account: string): Promise<Readonly<Record<string, string>>>;
  /** Node arguments that go with it. */
  readonly preload: readonly string[];
  /** Environment under which the real gcloud talks to this sandbox as `account`. */
  gcloudEnvironment(account: string): Readonly<Record<string, string>>;
  /** The same for a gcloud that a user signed in with, which has identity tokens as well, and for curl beside it. */
  signedInEnvironment(account: string): Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface GrantOptions {
  readonly functionName: string;
  readonly operationsProject: string;
  /** `projects/P`, `folders/N` or `organizations/N`. */
  readonly scope: readonly string[];
  readonly stateBucket?: string | undefined;
  /** Full topic names that the function publishes to. */
  readonly topics: readonly string[];
  /** `billingAccounts/A`, for functions with a role there. */
  readonly billingAccounts?: readonly string[];
  /** E-mail addresses of accounts that the function may act as. */
  readonly actsAs?: readonly string[];
}

export interface SandboxOptions {
  readonly scenario: Scenario;
  /** The clock stands still unless it is moved. */
  readonly frozen?: boolean;
  readonly startMs?: number;
  readonly latencyMs?: () => number;
  /** Gives the first answer to a GET again and again; for the benchmark, over a scenario in which nothing changes. */
  readonly remembers?: boolean;
  /** A custom role that can no longer be undeleted is shown as deleted until its id is free; by default it is not found. */
  readonly showsPurgedRoles?: boolean;
}

export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { scenario } = options;
  const folder = mkdtempSync(join(tmpdir(), 'costguard-sandbox-'));
  const startMs = options.startMs ?? (scenario.clock === undefined ? Date.now() : Date.parse(scenario.clock));
  const clock = createClock({ startMs, frozen: options.frozen ?? false });
  const clockFile = join(folder, 'clock');
  const published = publishClock(clock, clockFile);
  const faults = createFaults();
  const callLog = createCallLog();
  const projects = createProjects(scenario);
  const fleet = createFleet({
    clock,
    projects: scenario.projects,
    timeOf: (text) => momentMs(text, startMs),
  });
  const groups = createGroups({ clock, fleet, projects: scenario.projects });
  const storage = createStorageService({
    clock,
    projectNumberOf: (projectId) => projects.get(projectId).seed.number,
    allows: (principal, need) => iam.allows(principal, need),
    policySet(resource, bindings) {
      policies.apply(resource, bindings);
    },
    ...(scenario.storage === undefined ? {} : { seed: scenario.storage }),
  });
  const parentOf = (resource: string): string | undefined =>
    storage.parentOf(resource) ??
    projects.parentOf(resource) ??
    billingParentOf(scenario, resource) ??
    /^(projects\/[^/]+)\/.+/.exec(resource)?.[1];
  const iam = createIam(parentOf);
  const perimeters = createPerimeters((resource) => {
    for (let at: string | undefined = resource; at !== undefined; at = parentOf(at))
      if (/^projects\/[^/]+$/.test(at)) return at.slice('projects/'.length);
    return undefined;
  });
  for (const perimeter of scenario.perimeters) perimeters.add(perimeter);
  const roles = createRoleBook({
    clock,
    ancestry: (resource) => ancestryOf(resource, parentOf),
    showsPurgedRoles: options.showsPurgedRoles ?? false,
  });
  const accounts = createAccounts({ projects, iam });
  const keys = seedAccounts(accounts, scenario.projects);
  const seeded = seedServices(scenario.projects, startMs);
  // What a model runs as exists.
  for (const { vertex } of scenario.projects)
    for (const { serviceAccount = '' } of vertex.endpoints.flatMap(({ deployedModels }) => deployedModels))
      if (serviceAccount !== '') accounts.ensure(serviceAccount);
  const policies = createPolicies(iam, {
    ...roles,
    requireGrantable(role, on) {
      roles.requireGrantable(role, on);
      const [, home = ''] = /^projects\/([^/]+)\/roles\//.exec(role) ?? [];
      if (projects.settling.refuses(home, 'role', role))
        throw new ApiError('INVALID_ARGUMENT', `Role (${role}) does not exist in the resource's hierarchy.`);
    },
    requireAccount(email) {
      const [, home = ''] = /@([^.@]+)\.iam\.gserviceaccount\.com$/.exec(email) ?? [];
      if (
        email !== BUDGET_ACCOUNT &&
        (!accounts.exists(email) || projects.settling.refuses(home, 'account', email))
      )
        throw new ApiError('INVALID_ARGUMENT', `Service account ${email} does not exist.`);
    },
  });
  for (const { id, iam: bindings } of scenario.projects) policies.seed(`projects/${id}`, bindings);
  for (const owner of scenario.owners)
    for (const top of topsOf(scenario))
      iam.bind({ member: owner, role: 'roles/owner', permissions: 'all', on: top });
  const tokens = createTokens(clock);
  const issueToken = (account: string): string => tokens.issueAccess(account);
  const frontEnd = createFrontEnd({
    serviceOf(host, target) {
      const deployed = functions.atHost(host, target);
      if (deployed?.service === undefined) return undefined;
      return {
        name: serviceName(deployed),
        url: deployed.service.url,
        internalOnly: deployed.config.serviceConfig.ingressSettings !== 'ALLOW_ALL',
      };
    },
    iam,
    accountOf: (token) => tokens.identityOf(token),
  });
  const pubsub = createPubsubService({
    clock,
    iam,
    policies,
    identityToken: (account, audience) => tokens.issueIdentity(account, audience),
    mayDeadLetter(subscription, deadLetterTopic) {
      const { number } = projects.get(subscription.name.split('/')[1] ?? '').seed;
      const agent = `service-${number}@gcp-sa-pubsub.iam.gserviceaccount.com`;
      return (
        iam.allows(agent, { permission: 'pubsub.topics.publish', on: deadLetterTopic }) &&
        iam.allows(agent, { permission: 'pubsub.subscriptions.consume', on: subscription.name })
      );
    },
    async post(url, headers, body, timeoutMs) {
      const { protocol, host, pathname, search } = new URL(url);
      if (protocol !== 'https:' || !host.endsWith('.run.app'))
        return postToThisMachine(url, headers, body, timeoutMs);
      const { status } = await frontEnd({
        host,
        method: 'POST',
        target: `${pathname}${search}`,
        headers,
        body: Buffer.from(body),
        internal: true,
      });
      const retried = functions.atHost(host)?.config.eventTrigger?.retryPolicy === 'RETRY_POLICY_RETRY';
      return status >= 500 && !retried ? 204 : status;
    },
    projectExists: (id) => projects.all.some((project) => project.id === id),
  });
  const vertex = createVertex({
    clock,
    projects: scenario.projects,
    timeOf: (text) => momentMs(text, startMs),
  });
  const store = createStore(scenario.projects);
  const { cancelTasks } = linkPipelines({ vertex, store, projects: scenario.projects });
  const billing = createBillingService({ scenario, clock, projects, fleet, iam, policies });
  for (const topic of new Set(scenario.billing.budgets.map((budget) => budget.topic)))
    if (topic !== undefined) {
      pubsub.createTopic({ name: topic });
      letBudgetsPublish(iam, topic);
    }
  const billingClock = createBillingClock({
    clock,
    fleet,
    vertex,
    billing,
    projects,
    scenario,
    publish(topic, message) {
      if (!budgetsMayPublish(iam, topic))
        throw new ApiError('PERMISSION_DENIED', `${BUDGET_ACCOUNT} may not publish to ${topic}`);
      pubsub.publish(topic, [message]);
    },
  });
  const requireBilling = (projectId: string, service: string): void => {
    billing.links.requireEnabled(projectId, service);
  };
  const ofFleet = fleetSeries(fleet, projects, startMs);
  const ofBuckets = bucketSeries(storage, projects);
  const ofEndpoints = endpointSeries(vertex, projects);
  const steady = steadySeries({ projects, accounts, keys });
  const ofTraffic = trafficSeries(fleet, projects, (bucket) => storage.bucket(bucket)?.location);
  const monitoring = createMonitoringService({
    clock,
    seriesOf: (projectId, query) => {
      const source = isBucketGauge(query.metricType)
        ? ofBuckets
        : isTrafficMetric(query.metricType)
          ? ofTraffic
          : isEndpointMetric(query.metricType)
            ? ofEndpoints
            : isSteadyMetric(query.metricType)
              ? steady
              : ofFleet;
      return source(projectId, query);
    },
    executionErrors: (projectId, metricType) => {
      const message = projects.get(projectId).seed.metricErrors[metricType];
      return message === undefined ? [] : [{ code: 14, message }];
    },
    unreachable: (projectId) =>
      projects.all.find(({ id }) => id === projectId)?.unreachableForMonitoring ?? [],
  });

  const preload = ['--import', fileURLToPath(new URL('http/connect-preload.ts', import.meta.url))];
  const metadataServers = new Map<string, ReturnType<typeof startMetadataServer>>();
  const environmentOf = async (
    account: string,
    projectId: string,
  ): Promise<Readonly<Record<string, string>>> => {
    const project = projects.get(projectId).seed;
    const key = `${account} ${projectId}`;
    const metadata =
      metadataServers.get(key) ??
      startMetadataServer({
        account,
        projectId: project.id,
        projectNumber: project.number,
        issueToken,
        issueIdentity: (caller, audience) => tokens.issueIdentity(caller, audience),
      });
    metadataServers.set(key, metadata);
    return {
      GCE_METADATA_HOST: (await metadata).host,
      NODE_EXTRA_CA_CERTS: caFile,
      COSTGUARD_SANDBOX_PORT: String(port),
      COSTGUARD_SANDBOX_CLOCK: clockFile,
    };
  };
  const functions = createFunctions({
    clock,
    folder: join(folder, 'functions'),
    projects,
    pubsub,
    iam,
    policies,
    preload,
    environmentOf,
  });

  const jobs = createJobs({
    clock,
    async attempt({ pubsubTarget, httpTarget }) {
      if (pubsubTarget !== undefined) {
        const { topicName, data, attributes } = pubsubTarget;
        pubsub.publish(topicName, [{ data, attributes }]);
        return;
      }
      if (httpTarget === undefined) return;
      const { uri, httpMethod, headers, body, oidcToken } = httpTarget;
      const { host, pathname, search } = new URL(uri);
      const account = oidcToken?.serviceAccountEmail;
      const token =
        account === undefined
          ? {}
          : { authorization: `Bearer ${tokens.issueIdentity(account, oidcToken?.audience ?? uri)}` };
      const { status } = await frontEnd({
        host,
        method: httpMethod,
        target: `${pathname}${search}`,
        headers: { 'user-agent': 'Google-Cloud-Scheduler', ...headers, ...token },
        body: Buffer.from(body, 'base64'),
        internal: true,
      });
      if (status >= 300) throw new Error(`${uri} answered ${status}`);
    },
  });

  const regions = vertexRegions(vertex, [
    ...scenario.vertexRegions,
    ...scenario.projects.flatMap(({ id }) => store.locations(id, 'aiplatform')),
  ]);
  const stored = { clock, store, projects, requireBilling, vertexRegions: regions };
  const certificates = await makeCertificates();
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, certificates.ca);
  const { server, port, routes } = await startServer({
    certificates,
    routes: [
      ...notebooksService({ fleet, projects, requireBilling }),
      ...runtimeRoutes({ scenario, projects, startMs }),
      ...computeService({ fleet, projects, requireBilling }),
      ...groupRoutes({ groups, projects }),
      ...billing.routes,
      ...vertexService({ vertex, projects, iam, regions, requireBilling }),
      ...storedRoutes(stored, [
        ...vertexCollections({ cancelTasks }),
        ...WORKSTATION_COLLECTIONS,
        ...TPU_COLLECTIONS,
        DATAPROC_CLUSTERS,
        BATCH_JOBS,
      ]),
      ...locationRoutes(stored, [
        { service: 'batch', version: 'v1' },
        { service: 'tpu', version: 'v2' },
      ]),
      ...dataflowRoutes(stored),
      ...containerRoutes({ ...stored, groups }),
      ...resourceManagerService({ projects, scenario, iam }),
      ...storage.routes,
      ...pubsub.routes,
      ...monitoring.routes,
      ...iamCredentialsService({ clock, projects, tokens }),
      ...oauth2Service({ tokens }),
      ...resourceManagerIam({ projects, scenario, iam, policies }),
      ...accountRoutes({ accounts, projects, iam, policies }),
      ...keyRoutes({ accounts, keys, startMs }),
      ...roleRoutes({ roles }),
      ...serviceUsageService({ projects }),
      ...functionRoutes({ functions, seeded, projects, accounts, iam, policies }),
      ...runRoutes({ functions, seeded, projects, iam, policies }),
      ...eventarcRoutes({ functions, projects }),
      ...schedulerRoutes({ jobs, projects, iam }),
      ...alertingRoutes(),
      ...secretRoutes({ projects: scenario.projects, iam }),
      ...loggingRoutes({ functions, projects, vertex }),
    ],
    iam,
    clock,
    faults,
    perimeters,
    callLog,
    principalOf: (token) => tokens.accountOf(token),
    frontEnd,
    ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
    ...(options.remembers === true ? { remembered: new Map() } : {}),
  });
  const proxy = await startProxy(port);
  const environments = gcloudEnvironments({ folder, proxyUrl: proxy.url, caFile, tokens });

  return {
    scenario,
    routes,
    clock,
    iam,
    policies,
    roles,
    accounts,
    functions,
    jobs,
    faults,
    perimeters,
    callLog,
    fleet,
    groups,
    projects,
    storage,
    pubsub,
    billing,
    monitoring,
    vertex,
    store,
    billingClock,
    port,
    folder,
    proxyUrl: proxy.url,
    tunnels: proxy.tunnels,
    caFile,
    issueToken,
    grant(grant) {
      const { functionName: name } = grant;
      const account = `${name}@${grant.operationsProject}.iam.gserviceaccount.com`;
      accounts.ensure(account);
      const bindRole = (role: string, on: readonly string[]): void => {
        for (const resource of on)
          iam.bind({ member: account, role, permissions: roleFile(role), on: resource });
      };
      const buckets = grant.stateBucket === undefined ? [] : [`buckets/${grant.stateBucket}`];
      bindRole(`${name}/role.yaml`, grant.scope);
      bindRole('state-role.yaml', buckets);
      if (hasRole(`${name}/billing-account-role.yaml`))
        bindRole(`${name}/billing-account-role.yaml`, grant.billingAccounts ?? []);
      for (const email of grant.actsAs ?? []) {
        accounts.ensure(email);
        iam.bind({
          member: account,
          role: 'roles/iam.serviceAccountUser',
          permissions: PREDEFINED_ROLES['roles/iam.serviceAccountUser'] ?? [],
          on: accounts.get(email).name,
        });
      }
      for (const topic of grant.topics)
        iam.bind({
          member: account,
          role: 'roles/pubsub.publisher',
          permissions: PREDEFINED_ROLES['roles/pubsub.publisher'] ?? [],
          on: topic,
        });
      return account;
    },
    functionEnvironment: (account) => environmentOf(account, /@([^.]+)\./.exec(account)?.[1] ?? ''),
    preload,
    gcloudEnvironment: (account) => environments.withToken(account),
    signedInEnvironment: (account) => environments.signedIn(account),
    async close() {
      clock.close();
      pubsub.close();
      published.close();
      proxy.close();
      await functions.close();
      for (const metadata of metadataServers.values()) (await metadata).close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The resource and all above it. */
function ancestryOf(resource: string, parentOf: (resource: string) => string | undefined): readonly string[] {
  const above = parentOf(resource);
  return above === undefined ? [resource] : [resource, ...ancestryOf(above, parentOf)];
}

/** The resources at the top of the scenario's tree. */
function topsOf(scenario: Scenario): readonly string[] {
  if (scenario.organization !== undefined) return [`organizations/${scenario.organization.id}`];
  return [
    ...scenario.projects
      .filter((project) => project.parent === undefined)
      .map((project) => `projects/${project.id}`),
    ...scenario.billing.accounts.map(({ id }) => `billingAccounts/${id}`),
  ];
}
