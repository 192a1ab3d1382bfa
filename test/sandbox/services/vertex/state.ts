import { ApiError } from '../../http/api-error.ts';
import type { Clock } from '../../clock/clock.ts';
import { numericId } from '../compute/fleet.ts';
import type { ProjectSeed } from '../../scenario.ts';
import { checkedSplit, settled, type DeployedModel } from './deployed-model.ts';
import type { DeployedModelInput, JobSpec, JobState } from './messages.ts';
import { jobsOf, type JobKind } from './seeded-jobs.ts';

/** A job of any kind. Names carry the project's number, as Vertex AI's answers do. */
export interface VertexJob {
  readonly kind: JobKind;
  readonly projectId: string;
  readonly location: string;
  /** projects/NUMBER/locations/L/customJobs/ID */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdMs: number;
  /** Whom the audit log names as its maker. */
  readonly startedBy?: string | undefined;
  /** What the kind has beside the common fields, as the API shows it. */
  readonly shown: Readonly<Record<string, unknown>>;
  /** The machines of one trial and how many trials run at once; absent where Google's own machines work. */
  readonly machines?: { readonly spec: JobSpec; readonly times: number };
  state: JobState;
  updatedMs: number;
  /** When it left its machines. */
  endMs: number | undefined;
}

/** A time in which a model had machines; an open end means that it has them now. */
export interface Deployment {
  readonly model: DeployedModel;
  readonly fromMs: number;
  untilMs: number | undefined;
}

export interface VertexEndpoint {
  readonly projectId: string;
  readonly location: string;
  readonly name: string;
  readonly displayName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdMs: number;
  updatedMs: number;
  /** By the id of a deployed model. */
  readonly predictionsPerDay: Readonly<Record<string, number>>;
  /** All that ever were, oldest first. */
  readonly deployments: Deployment[];
  trafficSplit: Readonly<Record<string, number>>;
}

export interface VertexModel {
  readonly projectId: string;
  readonly location: string;
  readonly name: string;
  readonly displayName: string;
  readonly labels: Readonly<Record<string, string>>;
  /** It came from another project or region. */
  readonly copied: boolean;
  readonly createdMs: number;
}

export interface VertexOperation {
  /** projects/NUMBER/locations/L/endpoints/E/operations/O */
  readonly name: string;
  readonly verb: 'DeployModel' | 'UndeployModel';
  readonly createdMs: number;
  endMs: number | undefined;
  /** google.rpc.Status of one that failed. */
  error?: { readonly code: number; readonly message: string };
  readonly deployedModel?: DeployedModel;
}

/** Vertex AI: training jobs, endpoints with their deployed models, and the transitions between their states. */
export interface Vertex {
  readonly jobs: ReadonlyMap<string, VertexJob>;
  readonly endpoints: ReadonlyMap<string, VertexEndpoint>;
  readonly models: ReadonlyMap<string, VertexModel>;
  readonly operations: ReadonlyMap<string, VertexOperation>;
  /** The next deployment is accepted, and its operation ends in RESOURCE_EXHAUSTED with this message. */
  failNextDeployment(message: string): void;
  /** Throws NOT_FOUND, or FAILED_PRECONDITION for a job that has ended. */
  cancel(name: string): void;
  /** Submits a job like another one, as a pipeline does that tries a task again. Returns the new one's name. */
  resubmit(name: string): string;
  /** A job that runs ends by itself. Throws NOT_FOUND. */
  finish(name: string, state: 'JOB_STATE_SUCCEEDED' | 'JOB_STATE_FAILED'): void;
  /** Is told of each job that was cancelled. */
  onCancelled(listener: (name: string) => void): void;
  /** Throws NOT_FOUND, INVALID_ARGUMENT, ALREADY_EXISTS. */
  deploy(
    endpoint: string,
    model: DeployedModelInput,
    trafficSplit: Readonly<Record<string, number>>,
  ): VertexOperation;
  /** Throws NOT_FOUND, INVALID_ARGUMENT, or FAILED_PRECONDITION for a model that still gets traffic. */
  undeploy(
    endpoint: string,
    modelId: string,
    trafficSplit: Readonly<Record<string, number>>,
  ): VertexOperation;
}

/** How long transitions take in the sandbox, in milliseconds. */
const CANCELLING_MS = 30_000;
const UNDEPLOYING_MS = 30_000;
const DEPLOYING_MS = 120_000;

/** States in which a job can be cancelled. */
const CANCELLABLE: ReadonlySet<JobState> = new Set([
  'JOB_STATE_QUEUED',
  'JOB_STATE_PENDING',
  'JOB_STATE_RUNNING',
  'JOB_STATE_PAUSED',
  'JOB_STATE_UPDATING',
]);

export function createVertex(options: {
  readonly clock: Clock;
  readonly projects: readonly ProjectSeed[];
  /** Resolves a scenario's time (absolute or relative to the clock's start). */
  readonly timeOf: (text: string) => number;
}): Vertex {
  const { clock, timeOf } = options;
  const jobs = new Map<string, VertexJob>();
  const endpoints = new Map<string, VertexEndpoint>();
  const models = new Map<string, VertexModel>();
  const operations = new Map<string, VertexOperation>();
  const leaving = new Set<Deployment>();
  const failures: string[] = [];
  const cancelled: ((name: string) => void)[] = [];
  /** Deployments under way: endpoint name and model id. */
  const arriving = new Set<string>();

  for (const project of options.projects) {
    const place = (collection: string, seed: { readonly id: string; readonly location: string }) => ({
      projectId: project.id,
      location: seed.location,
      name: `projects/${project.number}/locations/${seed.location}/${collection}/${seed.id}`,
    });
    for (const job of jobsOf(project.vertex)) {
      const createdMs = timeOf(job.seed.created);
      const ended = !CANCELLABLE.has(job.seed.state) && job.seed.state !== 'JOB_STATE_CANCELLING';
      const { kind, shown, machines, seed } = job;
      const placed = place(kind, seed);
      jobs.set(placed.name, {
        kind,
        shown,
        ...(machines === undefined ? {} : { machines }),
        ...placed,
        labels: seed.labels,
        createdMs,
        startedBy: job.seed.startedBy,
        state: seed.state,
        updatedMs: createdMs,
        endMs: ended ? clock.now() : undefined,
      });
    }
    for (const seed of project.vertex.models) {
      const placed = place('models', seed);
      models.set(placed.name, {
        copied: seed.copied,
        ...placed,
        displayName: seed.displayName,
        labels: seed.labels,
        createdMs: timeOf(seed.created),
      });
    }
    for (const seed of project.vertex.endpoints) {
      const placed = place('endpoints', seed);
      const createdMs = timeOf(seed.created);
      const deployments = seed.deployedModels.map((model, index): Deployment => ({
        model: settled(model, model.id ?? numericId(`${placed.name} ${index}`), createdMs, project),
        fromMs: createdMs,
        untilMs: undefined,
      }));
      endpoints.set(placed.name, {
        ...placed,
        displayName: seed.displayName,
        labels: seed.labels,
        predictionsPerDay: seed.predictionsPerDay,
        createdMs,
        updatedMs: createdMs,
        deployments,
        trafficSplit: checkedSplit(
          seed.trafficSplit,
          deployments.map(({ model }) => model.id),
        ),
      });
    }
  }

  const endpointOf = (name: string): VertexEndpoint => found(endpoints, name);
  const projectSeed = (projectId: string): ProjectSeed | undefined =>
    options.projects.find(({ id }) => id === projectId);
  const operation = (
    endpoint: VertexEndpoint,
    verb: VertexOperation['verb'],
    deployedModel?: DeployedModel,
  ): VertexOperation => {
    const id = numericId(`${endpoint.name} ${verb} ${operations.size}`);
    const created: VertexOperation = {
      name: `${endpoint.name}/operations/${id}`,
      verb,
      createdMs: clock.now(),
      endMs: undefined,
      ...(deployedModel === undefined ? {} : { deployedModel }),
    };
    operations.set(created.name, created);
    endpoint.updatedMs = clock.now();
    return created;
  };

  return {
    jobs,
    endpoints,
    models,
    operations,
    failNextDeployment: (message) => void failures.push(message),
    cancel(name) {
      const job = found(jobs, name);
      if (job.state === 'JOB_STATE_CANCELLING') return;
      if (!CANCELLABLE.has(job.state))
        throw new ApiError('FAILED_PRECONDITION', `Cannot cancel ${name}: its state is ${job.state}.`);
      job.state = 'JOB_STATE_CANCELLING';
      job.updatedMs = clock.now();
      clock.after(CANCELLING_MS, () => {
        job.state = 'JOB_STATE_CANCELLED';
        job.updatedMs = clock.now();
        job.endMs = clock.now();
        for (const listener of cancelled) listener(name);
      });
    },
    resubmit(name) {
      const job = found(jobs, name);
      const fresh = name.replace(/[^/]+$/, numericId(`${name} ${jobs.size}`));
      jobs.set(fresh, {
        ...job,
        name: fresh,
        createdMs: clock.now(),
        state: 'JOB_STATE_RUNNING',
        updatedMs: clock.now(),
        endMs: undefined,
      });
      return fresh;
    },
    finish(name, state) {
      const job = found(jobs, name);
      Object.assign(job, { state, updatedMs: clock.now(), endMs: clock.now() });
    },
    onCancelled: (listener) => void cancelled.push(listener),
    deploy(endpointName, given, trafficSplit) {
      const endpoint = endpointOf(endpointName);
      const kinds = [
        given.dedicatedResources,
        given.automaticResources,
        given.sharedResources,
        given.fullFineTunedResources,
      ];
      if (kinds.filter((kind) => kind !== undefined).length !== 1)
        throw new ApiError(
          'INVALID_ARGUMENT',
          'deployedModel must have exactly one of dedicatedResources, automaticResources, sharedResources and fullFineTunedResources.',
        );
      const id = given.id ?? numericId(`${endpointName} ${operations.size} ${clock.now()}`);
      const present = presentOf(endpoint);
      const arrival = `${endpointName} ${id}`;
      if (arriving.has(arrival) || present.some(({ model }) => model.id === id))
        throw new ApiError('ALREADY_EXISTS', `A DeployedModel with id ${id} is in ${endpointName} already.`);
      // "0" stands for the model that is being deployed (endpoint_service.proto, DeployModelRequest.traffic_split).
      const split = Object.fromEntries(
        Object.entries(trafficSplit).map(([key, percent]) => [key === '0' ? id : key, percent]),
      );
      const next = checkedSplit(split, [...present.map(({ model }) => model.id), id]);
      const model = settled(given, id, clock.now(), projectSeed(endpoint.projectId));
      const running = operation(endpoint, 'DeployModel', model);
      arriving.add(arrival);
      const failure = failures.shift();
      clock.after(DEPLOYING_MS, () => {
        arriving.delete(arrival);
        if (failure !== undefined) {
          running.error = { code: 8, message: failure };
          running.endMs = clock.now();
          return;
        }
        endpoint.deployments.push({ model, fromMs: clock.now(), untilMs: undefined });
        if (Object.keys(next).length > 0) endpoint.trafficSplit = next;
        endpoint.updatedMs = clock.now();
        running.endMs = clock.now();
      });
      return running;
    },
    undeploy(endpointName, modelId, trafficSplit) {
      const endpoint = endpointOf(endpointName);
      const deployment = presentOf(endpoint).find(({ model }) => model.id === modelId);
      if (deployment === undefined)
        throw new ApiError('NOT_FOUND', `DeployedModel ${modelId} is not in ${endpointName}.`);
      if (leaving.has(deployment))
        throw new ApiError(
          'FAILED_PRECONDITION',
          `There are other operations running on the resource "${endpointName}".`,
        );
      const others = presentOf(endpoint).filter((other) => other !== deployment && !leaving.has(other));
      const requested = checkedSplit(
        trafficSplit,
        others.map(({ model }) => model.id),
      );
      const next = Object.keys(requested).length > 0 ? requested : endpoint.trafficSplit;
      if (others.length > 0 && (next[modelId] ?? 0) > 0)
        throw new ApiError(
          'FAILED_PRECONDITION',
          `DeployedModel ${modelId} still has traffic assigned to it: give a trafficSplit without it.`,
        );
      leaving.add(deployment);
      endpoint.trafficSplit = others.length === 0 ? {} : next;
      const running = operation(endpoint, 'UndeployModel');
      clock.after(UNDEPLOYING_MS, () => {
        deployment.untilMs = clock.now();
        leaving.delete(deployment);
        endpoint.updatedMs = clock.now();
        running.endMs = clock.now();
      });
      return running;
    },
  };
}

/** The deployments that an endpoint has at present. */
export function presentOf(endpoint: VertexEndpoint): readonly Deployment[] {
  return endpoint.deployments.filter(({ untilMs }) => untilMs === undefined);
}

function found<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name);
  if (value === undefined) throw new ApiError('NOT_FOUND', `The resource ${name} is not found.`);
  return value;
}
