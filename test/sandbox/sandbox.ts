import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publishClock } from './clock/clock-file.ts';
import { createClock, type Clock } from './clock/clock.ts';
import { gcloudEnvironments } from './gcloud/gcloud-environment.ts';
import { PRELOAD } from './hosting/environments.ts';
import { createCallLog, type CallLog } from './http/call-log.ts';
import { ownCertificates } from './http/certificate.ts';
import { createFaults, type Faults } from './http/faults.ts';
import { startProxy } from './http/proxy.ts';
import type { Route } from './http/route.ts';
import { startServer, type Observer } from './http/server.ts';
import { createHierarchy } from './iam/hierarchy.ts';
import { createIam, type Iam } from './iam/iam.ts';
import { bindOwners } from './iam/owners.ts';
import { createPerimeters, type Perimeters } from './iam/perimeters.ts';
import { createTokens } from './iam/tokens.ts';
import type { Scenario } from './scenario.ts';
import { createServices, type ActsOf } from './service.ts';
import { batch } from './services/batch/index.ts';
import { billing } from './services/billing/index.ts';
import { compute } from './services/compute/index.ts';
import { container } from './services/container/index.ts';
import { dataflow } from './services/dataflow/index.ts';
import { dataproc } from './services/dataproc/index.ts';
import { functions } from './services/functions/index.ts';
import { iamCredentials } from './services/iam-credentials/index.ts';
import { iam } from './services/iam/index.ts';
import { logging } from './services/logging/index.ts';
import { monitoring } from './services/monitoring/index.ts';
import { notebooks } from './services/notebooks/index.ts';
import { oauth2 } from './services/oauth2/index.ts';
import { pubsub } from './services/pubsub/index.ts';
import { resourceManager } from './services/resource-manager/index.ts';
import { scheduler } from './services/scheduler/index.ts';
import { secretManager } from './services/secret-manager/index.ts';
import { serviceUsage } from './services/service-usage/index.ts';
import { storage } from './services/storage/index.ts';
import { stored } from './services/stored/index.ts';
import { tpu } from './services/tpu/index.ts';
import { vertex } from './services/vertex/index.ts';
import { workstations } from './services/workstations/index.ts';

/** All that a sandbox serves: one folder of `services/` each. */
export const SERVICES = [
  resourceManager,
  serviceUsage,
  iam,
  iamCredentials,
  oauth2,
  compute,
  notebooks,
  storage,
  pubsub,
  functions,
  scheduler,
  secretManager,
  logging,
  billing,
  monitoring,
  stored,
  vertex,
  workstations,
  tpu,
  dataproc,
  batch,
  dataflow,
  container,
] as const;

/** A local Google Cloud, running. */
export interface Sandbox extends ActsOf<typeof SERVICES> {
  readonly scenario: Scenario;
  readonly clock: Clock;
  readonly iam: Iam;
  /** All that it serves. */
  readonly routes: readonly Route[];
  readonly faults: Faults;
  /** Service perimeters: those of the scenario, and what a test adds. */
  readonly perimeters: Perimeters;
  readonly callLog: CallLog;
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
  /** Environment under which an unchanged bundle runs as `account` in this sandbox. */
  functionEnvironment(account: string): Promise<Readonly<Record<string, string>>>;
  /** Node arguments that go with it. */
  readonly preload: readonly string[];
  /** Environment under which the real gcloud talks to this sandbox as `account`. */
  gcloudEnvironment(account: string): Readonly<Record<string, string>>;
  /** The same for a gcloud that a user signed in with, which has identity tokens as well, and for curl beside it. */
  signedInEnvironment(account: string): Readonly<Record<string, string>>;
  /** Tells a listener of every request and its answer until the result is called. */
  observe(listener: Observer): () => void;
  close(): Promise<void>;
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
  /** The next one of this process that says so takes over its connections, see `EndpointOptions.kept`. */
  readonly keepsConnections?: boolean;
}

export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { scenario } = options;
  const folder = mkdtempSync(join(tmpdir(), 'costguard-sandbox-'));
  const caFile = join(folder, 'ca.pem');
  const clockFile = join(folder, 'clock');
  const startMs = options.startMs ?? (scenario.clock === undefined ? Date.now() : Date.parse(scenario.clock));
  const clock = createClock({ startMs, frozen: options.frozen ?? false });
  const published = publishClock(clock, clockFile);
  const faults = createFaults();
  const callLog = createCallLog();
  const hierarchy = createHierarchy();
  const bindings = createIam((resource) => hierarchy.parentOf(resource));
  const tokens = createTokens(clock);
  const perimeters = createPerimeters((resource) => hierarchy.projectOf(resource));
  for (const perimeter of scenario.perimeters) perimeters.add(perimeter);
  const services = createServices(SERVICES, {
    scenario,
    startMs,
    clock,
    hierarchy,
    iam: bindings,
    tokens,
    folder,
    caFile,
    clockFile,
    port: () => port,
    showsPurgedRoles: options.showsPurgedRoles ?? false,
  });
  bindOwners(bindings, scenario);
  const certificates = await ownCertificates();
  writeFileSync(caFile, certificates.ca);
  const observers = new Set<Observer>();
  const server = await startServer({
    certificates,
    keepsConnections: options.keepsConnections ?? false,
    observers,
    routes: services.routes,
    iam: bindings,
    clock,
    faults,
    perimeters,
    callLog,
    principalOf: (token) => tokens.accountOf(token),
    frontEnd: services.acts.frontEnd,
    ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
    ...(options.remembers === true ? { remembered: new Map() } : {}),
  });
  const { port, routes } = server;
  const proxy = await startProxy(port);
  const environments = gcloudEnvironments({ folder, proxyUrl: proxy.url, caFile, tokens });

  return {
    ...services.acts,
    scenario,
    clock,
    iam: bindings,
    routes,
    faults,
    perimeters,
    callLog,
    port,
    proxyUrl: proxy.url,
    tunnels: proxy.tunnels,
    folder,
    caFile,
    issueToken: (account) => tokens.issueAccess(account),
    functionEnvironment: (account) =>
      services.acts.environments.of(account, /@([^.]+)\./.exec(account)?.[1] ?? ''),
    preload: PRELOAD,
    gcloudEnvironment: (account) => environments.withToken(account),
    signedInEnvironment: (account) => environments.signedIn(account),
    observe(listener) {
      observers.add(listener);
      return () => void observers.delete(listener);
    },
    async close() {
      clock.close();
      published.close();
      proxy.close();
      await services.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
