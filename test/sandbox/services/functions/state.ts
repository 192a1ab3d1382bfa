import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError } from '../../http/api-error.ts';
import type { Clock } from '../../clock/clock.ts';
import { eventarcEndpoint } from '../../hosting/cloud-event.ts';
import { startFunctionProcess, type LogLine } from '../../hosting/function-process.ts';
import { startService, type CloudRunService } from '../../hosting/service.ts';
import type { Iam } from '../../iam/iam.ts';
import type { Policies } from '../../iam/iam-policy.ts';
import { BUILD_UNSETTLED, EVENTARC_UNSETTLED, REPOSITORY_UNSETTLED } from '../../iam/settling.ts';
import { createOperations, type Operation, type Operations } from '../../http/operations.ts';
import type { Projects } from '../resource-manager/projects.ts';
import type { PubsubService } from '../pubsub/service.ts';
import { functionName, serviceName, type FunctionConfig, type FunctionName } from './model.ts';
import { buildSource, createUploads, type Uploads } from './source.ts';

/** A line that a function wrote to standard output. */
export interface LogEntry {
  readonly insertId: string;
  readonly atMs: number;
  readonly line: LogLine;
}

/** The Eventarc trigger of a function, with the subscription that it made on the topic. */
export interface Trigger {
  /** `projects/P/locations/L/triggers/T` */
  readonly name: string;
  readonly topic: string;
  readonly subscription: string;
  readonly account: string;
  readonly createdMs: number;
}

export interface DeployedFunction extends FunctionName {
  readonly uid: string;
  readonly createdMs: number;
  readonly logs: LogEntry[];
  config: FunctionConfig;
  state: 'DEPLOYING' | 'ACTIVE' | 'FAILED' | 'DELETING';
  updatedMs: number;
  /** Counts the revisions of the service, from 1. */
  revision: number;
  service: CloudRunService | undefined;
  trigger: Trigger | undefined;
  /** Why it is FAILED. */
  problem: string | undefined;
}

export interface FunctionsOptions {
  readonly clock: Clock;
  /** Where sources are unpacked. */
  readonly folder: string;
  readonly projects: Projects;
  readonly pubsub: PubsubService;
  readonly iam: Iam;
  readonly policies: Policies;
  readonly preload: readonly string[];
  readonly environmentOf: (account: string, projectId: string) => Promise<Readonly<Record<string, string>>>;
}

/** The functions of all projects, each really running as a Cloud Run service. */
export interface Functions {
  readonly uploads: Uploads;
  readonly operations: Operations;
  readonly all: readonly DeployedFunction[];
  /** By its full name. Throws NOT_FOUND. */
  get(name: string): DeployedFunction;
  /** By the host of its URL on Cloud Run; or by that of all functions of a project and region, and the path. */
  atHost(host: string, target?: string): DeployedFunction | undefined;
  /** Throws ALREADY_EXISTS. */
  create(name: FunctionName, config: FunctionConfig): Operation;
  /** Throws ABORTED while another change is under way. */
  update(name: string, config: FunctionConfig): Operation;
  delete(name: string): Operation;
  /** The accounts that the function runs, is built and is called as. */
  accountsOf(projectId: string, config: FunctionConfig): Identities;
  close(): Promise<void>;
}

export interface Identities {
  readonly runtime: string;
  readonly build: string;
  readonly trigger: string;
}

/** What a build does as its service account. Source: functions/docs/troubleshooting#build-service-account. */
const BUILD_PERMISSIONS = [
  'artifactregistry.repositories.uploadArtifacts',
  'logging.logEntries.create',
  'storage.objects.get',
];

const ACK_DEADLINE_SECONDS = 600;

export function createFunctions(options: FunctionsOptions): Functions {
  const { clock, projects, pubsub, iam, policies } = options;
  const functions = new Map<string, DeployedFunction>();
  const uploads = createUploads();
  const operations = createOperations(clock);
  let builds = 0;

  const get = (name: string): DeployedFunction => {
    const found = functions.get(name);
    if (found === undefined) throw new ApiError('NOT_FOUND', `Resource '${name}' was not found`);
    return found;
  };

  const accountsOf: Functions['accountsOf'] = (projectId, config) => {
    const standard = `${projects.get(projectId).seed.number}-compute@developer.gserviceaccount.com`;
    return {
      runtime: config.serviceConfig.serviceAccountEmail ?? standard,
      build: config.buildConfig.serviceAccount?.split('/').at(-1) ?? standard,
      trigger: config.eventTrigger?.serviceAccountEmail ?? standard,
    };
  };

  const build = async ({ projectId, id, config }: DeployedFunction): Promise<string> => {
    const account = accountsOf(projectId, config).build;
    const { seed } = projects.get(projectId);
    const standard = account === `${seed.number}-compute@developer.gserviceaccount.com`;
    const missing = BUILD_PERMISSIONS.filter(
      (permission) => !iam.allows(account, { permission, on: `projects/${projectId}` }),
    );
    if (missing.length > 0 && !(standard && seed.computeDefaultIsEditor))
      throw new Error(
        `Build failed with status: FAILURE. Could not build the function due to a missing permission on the build service account. If you didn't revoke that permission explicitly, this could be caused by a change in the organization policies. (${account}: ${missing.join(', ')})`,
      );
    if (projects.settling.refuses(projectId, 'build', account)) throw new Error(BUILD_UNSETTLED);
    const { bucket, object } = config.buildConfig.source.storageSource;
    const archive = uploads.archive(bucket, object);
    if (archive === undefined)
      throw new Error(`Build failed: the source gs://${bucket}/${object} was not found.`);
    const folder = join(options.folder, `${id}-${++builds}`);
    mkdirSync(folder, { recursive: true });
    await buildSource(archive, folder);
    return folder;
  };

  const serve = async (deployed: DeployedFunction, source: string): Promise<CloudRunService> => {
    const { projectId, config, id } = deployed;
    const { serviceConfig, buildConfig } = config;
    const environment = {
      ...(await options.environmentOf(accountsOf(projectId, config).runtime, projectId)),
      ...serviceConfig.environmentVariables,
      FUNCTION_SIGNATURE_TYPE: config.eventTrigger === undefined ? 'http' : 'cloudevent',
    };
    return startService({
      name: id,
      maxInstances: serviceConfig.maxInstanceCount || 100,
      concurrency: serviceConfig.maxInstanceRequestConcurrency,
      timeoutMs: serviceConfig.timeoutSeconds * 1_000,
      now: () => clock.now(),
      startInstance: () =>
        startFunctionProcess({
          source,
          target: buildConfig.entryPoint,
          service: id,
          environment,
          nodeArguments: options.preload,
          onLine(line) {
            // Lines of one moment are listed by their ids: these grow, so that the last line is the last.
            const insertId = `${String(deployed.logs.length).padStart(10, '0')}-${randomUUID()}`;
            deployed.logs.push({ insertId, atMs: clock.now(), line });
          },
        }),
    });
  };

  const settleTrigger = (deployed: DeployedFunction): void => {
    const event = deployed.config.eventTrigger;
    const present = deployed.trigger;
    if (present !== undefined && present.topic !== event?.pubsubTopic) {
      deployed.trigger = undefined;
      dropSubscription(present.subscription);
    }
    if (event === undefined) return;
    const account = accountsOf(deployed.projectId, deployed.config).trigger;
    const endpoint = eventarcEndpoint(urlOf(deployed), event.pubsubTopic);
    const pushConfig = {
      pushEndpoint: endpoint,
      oidcToken: { serviceAccountEmail: account, audience: urlOf(deployed) },
    };
    if (deployed.trigger !== undefined) {
      deployed.trigger = { ...deployed.trigger, account };
      pubsub.modifyPushConfig(deployed.trigger.subscription, pushConfig);
      return;
    }
    const { projectId, location, id } = deployed;
    if (projects.settling.refuses(projectId, 'eventarc'))
      throw new Error(EVENTARC_UNSETTLED(`projects/${projectId}/locations/${location}/triggers/${id}`));
    const triggerId = `${id}-${digits(`${deployed.uid} trigger`, 6)}`;
    const subscription = `projects/${projectId}/subscriptions/eventarc-${event.triggerRegion ?? location}-${triggerId}-sub-${digits(deployed.uid, 3)}`;
    pubsub.createSubscription({
      name: subscription,
      topic: event.pubsubTopic,
      ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
      // Eventarc's default. Source: https://cloud.google.com/eventarc/docs/retry-events
      messageRetentionDuration: '86400s',
      retryPolicy: { minimumBackoff: '10s', maximumBackoff: '600s' },
      labels: { 'goog-eventarc': '', 'goog-drz-eventarc-uuid': deployed.uid },
      pushConfig,
    });
    deployed.trigger = {
      name: `projects/${projectId}/locations/${event.triggerRegion ?? location}/triggers/${triggerId}`,
      topic: event.pubsubTopic,
      subscription,
      account,
      createdMs: clock.now(),
    };
  };
  /** Someone may have deleted it by hand. */
  const dropSubscription = (name: string): void => {
    if (pubsub.subscriptions(name.split('/').slice(0, 2).join('/')).some((known) => known.name === name))
      pubsub.deleteSubscription(name);
  };

  /** Builds and starts what `config` says; traffic moves to the new revision when it answers. */
  const deploy = async (
    deployed: DeployedFunction,
    config: FunctionConfig,
  ): Promise<Record<string, unknown>> => {
    deployed.config = config;
    try {
      const { projectId, location } = deployed;
      if (projects.settling.refuses(projectId, 'repository', location))
        throw new Error(REPOSITORY_UNSETTLED(projectId, location));
      const fresh = await serve(deployed, await build(deployed));
      try {
        await fresh.warmUp();
      } catch (cause) {
        await fresh.close();
        throw new Error(
          `Could not create or update Cloud Run service ${deployed.id}, Container Healthcheck failed. ${cause instanceof Error ? cause.message : ''}`,
          { cause },
        );
      }
      const before = deployed.service;
      deployed.service = fresh;
      deployed.revision += 1;
      await before?.close();
      settleTrigger(deployed);
      deployed.state = 'ACTIVE';
      deployed.problem = undefined;
      return { name: deployed.name };
    } catch (error) {
      deployed.state = 'FAILED';
      deployed.problem = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      deployed.updatedMs = clock.now();
    }
  };

  const start = (
    deployed: DeployedFunction,
    operationType: string,
    work: () => Promise<Record<string, unknown>>,
  ): Operation =>
    operations.start(
      `projects/${deployed.projectId}/locations/${deployed.location}`,
      {
        '@type': 'type.googleapis.com/google.cloud.functions.v2.OperationMetadata',
        target: deployed.name,
        verb: operationType.split('_')[0]?.toLowerCase(),
        apiVersion: 'v2',
        operationType,
      },
      work,
    );
  const free = (name: string): DeployedFunction => {
    const found = get(name);
    if (found.state === 'DEPLOYING' || found.state === 'DELETING')
      throw new ApiError('ABORTED', 'unable to queue the operation');
    return found;
  };

  return {
    uploads,
    operations,
    get all() {
      return [...functions.values()];
    },
    get,
    atHost: (host, target = '/') =>
      [...functions.values()].find(
        (deployed) =>
          new URL(urlOf(deployed)).host === host ||
          `https://${host}/${target.split(/[/?]/)[1] ?? ''}` === sharedUrlOf(deployed),
      ),
    create(given, config) {
      if (functions.has(given.name))
        throw new ApiError(
          'ALREADY_EXISTS',
          `Could not create Cloud Run service ${given.id}. A service with this name already exists.`,
        );
      const deployed: DeployedFunction = {
        ...functionName(given.projectId, given.location, given.id),
        uid: randomUUID(),
        createdMs: clock.now(),
        updatedMs: clock.now(),
        logs: [],
        config,
        state: 'DEPLOYING',
        revision: 0,
        service: undefined,
        trigger: undefined,
        problem: undefined,
      };
      functions.set(given.name, deployed);
      return start(deployed, 'CREATE_FUNCTION', () => deploy(deployed, config));
    },
    update(name, config) {
      const deployed = free(name);
      deployed.state = 'DEPLOYING';
      return start(deployed, 'UPDATE_FUNCTION', () => deploy(deployed, config));
    },
    delete(name) {
      const deployed = free(name);
      deployed.state = 'DELETING';
      return start(deployed, 'DELETE_FUNCTION', async () => {
        if (deployed.trigger !== undefined) dropSubscription(deployed.trigger.subscription);
        await deployed.service?.close();
        functions.delete(name);
        policies.forget(serviceName(deployed));
        policies.forget(name);
        return {};
      });
    },
    accountsOf,
    async close() {
      await operations.idle();
      for (const { service } of functions.values()) await service?.close();
    },
  };
}

/** `https://NAME-HASH-REGION.a.run.app`; the hash is the project's and the region's. */
export function urlOf({ projectId, location, id }: FunctionName): string {
  const hash = BigInt(`0x${digest(`${projectId} ${location}`).slice(0, 14)}`)
    .toString(36)
    .padStart(10, '0')
    .slice(0, 10);
  const region = location.replace(/^(\w)\w*-(\w)\w*?(\d+)$/, '$1$2$3');
  return `https://${id}-${hash}-${region}.a.run.app`;
}

/** Its older address: that of the project and region, with the function's name as the path. */
export function sharedUrlOf({ projectId, location, id }: FunctionName): string {
  return `https://${location}-${projectId}${SHARED_DOMAIN}/${id}`;
}

export const SHARED_DOMAIN = '.cloudfunctions.net';

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function digits(text: string, count: number): string {
  return String(BigInt(`0x${digest(text).slice(0, 12)}`))
    .padStart(count, '0')
    .slice(-count);
}
