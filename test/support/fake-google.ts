/**
 * A second, much smaller Google Cloud beside test/sandbox, written without it and in the test's own process: what one of
 * the two has wrong, the other may have right. It knows what the kill switch calls, answers at once, and writes down
 * every change that is requested.
 */
import type { GoogleAuth } from 'google-auth-library';
import type { Runtime } from '../../shared/run/runtime.ts';
import { GROUP_ROUTES, groupVms, type FakeGroup } from './fake-groups.ts';
import { JOB_ROUTES, type FakeJob } from './fake-jobs.ts';
import { clusterVms, MACHINE_ROUTES, type FakeMachine } from './fake-machines.ts';
import { answerObjects, isForObjects, objectHeaders, type StoredObject } from './object-answers.ts';

export interface FakeProject {
  readonly id: string;
  readonly number: string;
  /** `billingAccounts/A`, or empty. */
  account: string;
  /** Running or not, by short name; see {@link isKept}. */
  readonly notebooks: Map<string, boolean>;
  readonly vms: Map<string, boolean>;
  /** Notebooks and VMs on which an operator has put the keep label, or taken it off. */
  readonly labelled?: Map<string, boolean>;
  /** VMs that are suspended; they do not run. */
  readonly suspended?: Set<string>;
  /** Running custom jobs by id. */
  readonly jobs: Map<string, boolean>;
  /** Pipelines by id. While one runs, it submits again what of its jobs ends. */
  readonly pipelines: Map<string, boolean>;
  readonly groups: Map<string, FakeGroup>;
  /** Of the other collections of Vertex AI, by id. */
  readonly vertexJobs: Map<string, FakeJob>;
  /** Of the kinds that are started and stopped as a whole, by short name. */
  readonly machines: Map<string, FakeMachine>;
  /** Ids of the models on the project's one endpoint. */
  readonly models: Set<string>;
}

/** Everything that a test can look at; replace it for a new start. */
export interface FakeWorld {
  nowMs: number;
  readonly projects: readonly FakeProject[];
  /** By name, as the Budget API returns them. */
  readonly budgets: Map<string, Readonly<Record<string, unknown>>>;
  readonly objects: Map<string, StoredObject>;
  /** When a machine was last started, by `project/name`; long ago where it is not in here. */
  readonly starts: Map<string, number>;
  /** What was changed outside the state bucket, in order, e.g. `stop ml-lab/nb-1`. */
  readonly changes: string[];
  readonly published: string[];
  readonly lines: string[];
}

export function emptyWorld(nowMs: number, projects: readonly FakeProject[]): FakeWorld {
  return {
    ...{ nowMs, projects, budgets: new Map(), objects: new Map(), starts: new Map() },
    ...{ changes: [], published: [], lines: [] },
  };
}

export interface FakeGoogle {
  world: FakeWorld;
  readonly runtime: Runtime;
  /** One more instance over the same world, as Cloud Run would have several: its memory and its clock are its own. */
  instance(functionName: string, clockAheadMs?: number): Runtime;
}

const ZONE = 'us-central1-a';
const REGION = 'us-central1';
const LONG_AGO_MS = Date.parse('2026-10-01T00:00:00Z');

/** `pause` is awaited before each answer: tests decide in it which of several runs goes on. */
export function fakeGoogle(options: {
  readonly world: FakeWorld;
  readonly functionName: string;
  readonly ownProject: string;
  readonly policyText: () => string;
  readonly pause?: () => Promise<void>;
  /** Stands between a request and its answer: what it returns is answered, what it throws is thrown. */
  readonly around?: (request: string, answer: () => Promise<unknown>) => Promise<unknown>;
}): FakeGoogle {
  const { pause = () => Promise.resolve() } = options;
  const around = options.around ?? ((_: string, answer: () => Promise<unknown>) => answer());
  const carryOut = async (method: string, url: string, body: unknown): Promise<Answered> => {
    await pause();
    const { objects, nowMs } = fake.world;
    const request = { method, url: new URL(url), body };
    if (!isForObjects(request)) return { data: answer(fake.world, method, request.url, body) };
    const data = answerObjects(
      objects,
      request,
      (status) => {
        throw refusal(status, `${method} ${url} was refused`);
      },
      nowMs,
    );
    return { data, headers: objectHeaders(objects, request, nowMs) };
  };
  const ask: Ask = async (method, url, body) => {
    let headers: Headers | undefined;
    const data = await around(`${method} ${url}`, async () => {
      const answered = await carryOut(method, url, body);
      headers = answered.headers;
      return answered.data;
    });
    return { data, headers: headers ?? new Headers({ date: new Date(fake.world.nowMs).toUTCString() }) };
  };
  let ids = 0;
  const instance: FakeGoogle['instance'] = (functionName, clockAheadMs = 0) => ({
    functionName,
    environment: {},
    auth: authOf(ask),
    clients: {
      publish: async (topic, data) => {
        await pause();
        fake.world.published.push(`${topic} ${data}`);
      },
    },
    now: () => new Date(fake.world.nowMs + clockAheadMs),
    newId: () => (++ids).toString(16).padStart(8, '0'),
    ownProject: () => Promise.resolve(options.ownProject),
    random: () => 0.5,
    turn: async () => undefined,
    begin: () => undefined,
    sleep: () => new Promise((resolve) => void setImmediate(resolve)),
    attemptTimeoutMs: 60_000,
    write: (text) => void fake.world.lines.push(...text.split('\n')),
    readText: () => Promise.resolve(options.policyText()),
    post: () => Promise.reject(new Error('this test posts nothing')),
  });
  const fake: FakeGoogle = { world: options.world, runtime: instance(options.functionName), instance };
  return fake;
}

type Ask = (method: string, url: string, body: unknown) => Promise<Answered>;

/** An identity whose requests are checked as they leave, as those of a real one are. */
function authOf(ask: Ask): GoogleAuth {
  const auth = {
    request({ url, method = 'GET', data, adapter = (_: unknown, send: () => unknown) => send() }: Leaving) {
      return adapter({ url }, () => ask(method, url, data));
    },
    async fetch(url: string, { method = 'GET', body, adapter = (_, send) => send() }: Partial<Leaving>) {
      const data = body === undefined ? undefined : (JSON.parse(body) as unknown);
      const answered = await adapter({ url }, () => ask(method, url, data));
      return Response.json((answered as Answered).data);
    },
    getClient: () => Promise.resolve({ universeDomain: 'googleapis.com' }),
  };
  return auth as unknown as GoogleAuth;
}

interface Leaving {
  readonly url: string;
  readonly method?: string;
  readonly data?: unknown;
  readonly body?: string;
  readonly adapter?: (request: object, send: () => unknown) => unknown;
}

interface Answered {
  readonly data: unknown;
  readonly headers?: Headers;
}

/** What an authorised request throws. */
function refusal(status: number, message: string): Error {
  const data = { error: { code: status, message } };
  return Object.assign(new Error(JSON.stringify(data)), { status, response: { status, data } });
}

type Answer = (world: FakeWorld, match: readonly string[], body: unknown) => unknown;

const ROUTES: readonly (readonly [RegExp, Answer])[] = [
  [
    /^GET cloudresourcemanager\.googleapis\.com\/v3\/projects\/([^/]+)$/,
    (world, [name = '']) => {
      const { id, number } = projectOf(world, name);
      return { name: `projects/${number}`, projectId: id };
    },
  ],
  [
    /^GET billingbudgets\.googleapis\.com\/v1\/(billingAccounts\/.*)$/,
    ({ budgets }, [name = '']) => budgets.get(name) ?? notFound(name),
  ],
  // None is a subaccount.
  [
    /^GET cloudbilling\.googleapis\.com\/v1\/(billingAccounts\/[^/]+)$/,
    (_world, [name]) => ({ name, open: true, masterBillingAccount: '' }),
  ],
  [
    /^GET cloudbilling\.googleapis\.com\/v1\/projects\/([^/]+)\/billingInfo$/,
    (world, [name = '']) => billingOf(projectOf(world, name)),
  ],
  [
    /^PUT cloudbilling\.googleapis\.com\/v1\/projects\/([^/]+)\/billingInfo$/,
    (world, [name = ''], body) => {
      const project = projectOf(world, name);
      // What is not understood means "unlink", as at Google.
      const { billingAccountName = '' } = body as { billingAccountName?: string };
      world.changes.push(`${billingAccountName === '' ? 'unlink' : 'link'} ${project.id}`);
      project.account = billingAccountName;
      if (billingAccountName === '') turnAllOff(project);
      return billingOf(project);
    },
  ],
  [
    /^GET notebooks\.googleapis\.com\/v2\/projects\/([^/]+)\/locations\/-\/instances$/,
    (world, [name = '']) => {
      const project = projectOf(world, name);
      return { instances: [...project.notebooks.keys()].map((id) => notebookOf(project, id)) };
    },
  ],
  [
    /^GET notebooks\.googleapis\.com\/v2\/projects\/([^/]+)\/locations\/[^/]+\/instances\/([^/:]+)$/,
    (world, [name = '', id = '']) => notebookOf(projectOf(world, name), id),
  ],
  [
    /^POST notebooks\.googleapis\.com\/v2\/projects\/([^/]+)\/locations\/[^/]+\/instances\/([^/:]+):(stop|start)$/,
    (world, [name = '', id = '', verb = '']) => {
      const project = projectOf(world, name);
      return turn(world, project, project.notebooks, id, verb);
    },
  ],
  [
    /^GET compute\.googleapis\.com\/compute\/v1\/projects\/([^/]+)\/aggregated\/instances$/,
    (world, [name = '']) => {
      const project = projectOf(world, name);
      const names = [...project.vms.keys(), ...project.notebooks.keys()];
      const instances = [...names.map((vm) => vmOf(world, project, vm)), ...clusterVms(project.machines), ...groupVms(project.groups, name)];
      return { items: { [`zones/${ZONE}`]: { instances } } };
    },
  ],
  [
    /^GET compute\.googleapis\.com\/compute\/v1\/projects\/([^/]+)\/zones\/[^/]+\/instances\/([^/]+)$/,
    (world, [name = '', id = '']) => vmOf(world, projectOf(world, name), id.replace('vm-of-', '')),
  ],
  [
    /^POST compute\.googleapis\.com\/compute\/v1\/projects\/([^/]+)\/zones\/[^/]+\/instances\/([^/]+)\/(stop|start)$/,
    (world, [name = '', id = '', verb = '']) => {
      const project = projectOf(world, name);
      if (project.suspended?.has(id) === true) throw refusal(400, `${id} is suspended`);
      return turn(world, project, project.vms, id, verb);
    },
  ],
  // Nothing of these runs.
  [/^GET (?:batch|dataflow|tpu|workstations)\.googleapis\.com\/.*\/(?:jobs|jobs:aggregated|nodes|queuedResources|workstations)$/, () => ({})],
  [/^GET run\.googleapis\.com\/.*\/(?:services|workerpools)$/, () => ({})],
  [/^GET [a-z0-9-]+aiplatform\.googleapis\.com\/v1\/projects\/[^/]+\/locations\/[^/]+\/(?!customJobs|pipelineJobs|endpoints)[a-zA-Z]+$/, () => ({})],
  [
    /^GET aiplatform\.googleapis\.com\/v1\/projects\/[^/]+\/locations$/,
    () => ({ locations: [{ locationId: REGION }] }),
  ],
  [
    /^GET [a-z0-9-]+aiplatform\.googleapis\.com\/v1\/projects\/([^/]+)\/locations\/[^/]+\/(customJobs|pipelineJobs|endpoints)$/,
    (world, [name = '', collection = '']) => {
      const project = projectOf(world, name);
      if (collection === 'endpoints') return { endpoints: [endpointOf(project)] };
      const ids = collection === 'customJobs' ? project.jobs : project.pipelines;
      return { [collection]: [...ids.keys()].map((id) => jobOf(project, id)) };
    },
  ],
  [
    /^GET [a-z0-9-]+aiplatform\.googleapis\.com\/v1\/projects\/([^/]+)\/locations\/[^/]+\/(?:customJobs|pipelineJobs)\/([^/]+)$/,
    (world, [name = '', id = '']) => jobOf(projectOf(world, name), id),
  ],
  [
    /^POST [a-z0-9-]+aiplatform\.googleapis\.com\/v1\/projects\/([^/]+)\/locations\/[^/]+\/(?:customJobs|pipelineJobs)\/([^/]+):cancel$/,
    (world, [name = '', id = '']) => {
      const project = projectOf(world, name);
      return cancel(world, project, id);
    },
  ],
  [
    /^GET [a-z0-9-]+aiplatform\.googleapis\.com\/v1\/projects\/([^/]+)\/locations\/[^/]+\/endpoints\/1$/,
    (world, [name = '']) => endpointOf(projectOf(world, name)),
  ],
  [
    /^POST [a-z0-9-]+aiplatform\.googleapis\.com\/v1\/projects\/([^/]+)\/locations\/[^/]+\/endpoints\/1:(undeployModel|deployModel)$/,
    (world, [name = '', verb = ''], body) => {
      const project = projectOf(world, name);
      const { deployedModelId, deployedModel } = body as {
        deployedModelId?: string;
        deployedModel?: { displayName: string };
      };
      // What is deployed again has the name that it had; the id is the service's own.
      const id = deployedModelId ?? `${deployedModel?.displayName ?? ''}-again`;
      world.changes.push(`${verb} ${project.id}/${nameOfModel(id)}`);
      if (verb === 'deployModel') project.models.add(id);
      else if (!project.models.delete(id)) throw refusal(400, `No model ${id}`);
      return { name: 'operations/1' };
    },
  ],
]; // prettier-ignore

/** Histories make the same requests millions of times; those that name a moment are ever new. */
const found = new Map<string, Answer>();
const MAX_FOUND = 5_000;

function answer(world: FakeWorld, method: string, { host, pathname, search }: URL, body: unknown): unknown {
  const requested = `${method} ${host}${pathname}`;
  const key = `${requested}${search}`;
  const give = found.get(key) ?? findAnswer(requested, search);
  if (found.size >= MAX_FOUND) found.clear();
  found.set(key, give);
  return give(world, [], body);
}

function findAnswer(requested: string, search: string): Answer {
  for (const [pattern, give] of GROUP_ROUTES) {
    const match = pattern.exec(requested) ?? pattern.exec(`${requested}${search}`);
    if (match === null) continue;
    return (world, _, body) => {
      const { id, groups } = projectOf(world, match[1] ?? '');
      return give(groups, match.slice(1), body, (change) => {
        world.changes.push(change.replace(' ', ` ${id}/`));
      });
    };
  }
  for (const [pattern, give] of MACHINE_ROUTES) {
    const match = pattern.exec(requested);
    if (match === null) continue;
    return (world) => {
      const { id, machines } = projectOf(world, match[1] ?? '');
      return give(machines, match.slice(1), refuse, (change) => {
        world.changes.push(change.replace(' ', ` ${id}/`));
      });
    };
  }
  for (const [pattern, give] of JOB_ROUTES) {
    const match = pattern.exec(requested);
    if (match === null) continue;
    return (world) => {
      const project = projectOf(world, match[1] ?? '');
      return give(project, match.slice(1), refuse, (change) => {
        world.changes.push(change.replace(' ', ` ${project.id}/`));
      });
    };
  }
  for (const [pattern, give] of ROUTES) {
    const match = pattern.exec(requested);
    if (match !== null) return (world, _, body) => give(world, match.slice(1), body);
  }
  throw refusal(501, `This fake does not know ${requested}`);
}

function refuse(status: number, message: string): never {
  throw refusal(status, message);
}

function notFound(name: string): never {
  throw refusal(404, `${name} was not found`);
}

function projectOf({ projects }: FakeWorld, idOrNumber: string): FakeProject {
  return (
    projects.find(({ id, number }) => id === idOrNumber || number === idOrNumber) ?? notFound(idOrNumber)
  );
}

function billingOf({ id, account }: FakeProject) {
  return {
    name: `projects/${id}/billingInfo`,
    projectId: id,
    billingAccountName: account,
    billingEnabled: account !== '',
  };
}

/** What billing that is off does, whoever turned it off. */
export function turnAllOff({
  notebooks,
  vms,
  jobs,
  pipelines,
  vertexJobs,
  machines: others,
}: FakeProject): void {
  for (const machines of [notebooks, vms, jobs, pipelines])
    for (const id of machines.keys()) machines.set(id, false);
  for (const job of vertexJobs.values()) job.running = false;
  // A schedule is no machine: it stays as it was.
  for (const machine of others.values()) if (machine.kind !== 'schedule') machine.running = false;
}

/** Takes effect at once; a change to what is so already is refused, so that asking twice shows. */
function turn(
  world: FakeWorld,
  project: FakeProject,
  machines: Map<string, boolean>,
  id: string,
  verb: string,
): unknown {
  world.changes.push(`${verb} ${project.id}/${id}`);
  const running = machines.get(id) ?? notFound(id);
  if (running === (verb === 'start')) throw refusal(400, `${id} is ${running ? '' : 'not '}running`);
  machines.set(id, !running);
  if (verb === 'start') world.starts.set(`${project.id}/${id}`, world.nowMs);
  return { name: 'operations/1' };
}

/** A job that ends while its pipeline runs is submitted again at once. */
function cancel(world: FakeWorld, project: FakeProject, id: string): unknown {
  const ofPipeline = project.pipelines.has(id);
  const answered = turn(world, project, ofPipeline ? project.pipelines : project.jobs, id, 'cancel');
  if (!ofPipeline && [...project.pipelines.values()].includes(true)) {
    project.jobs.set(id, true);
    world.changes.push(`submit ${project.id}/${id}`);
  }
  return answered;
}

/** Whether a notebook or VM has the keep label: a name that ends in `-kept` does, unless an operator changed that. */
export function isKept({ labelled }: Pick<FakeProject, 'labelled'>, id: string): boolean {
  return labelled?.get(id) ?? id.endsWith('-kept');
}

function labelsOf(project: FakeProject, id: string): Readonly<Record<string, string>> {
  return isKept(project, id) ? { 'costguard-keep': 'true' } : {};
}

function notebookOf(project: FakeProject, id: string) {
  return {
    name: `projects/${project.id}/locations/${ZONE}/instances/${id}`,
    state: (project.notebooks.get(id) ?? notFound(id)) ? 'ACTIVE' : 'STOPPED',
    labels: labelsOf(project, id),
    gceSetup: { instanceId: `vm-of-${id}` },
  };
}

/** A notebook's VM stands beside the others, under the notebook's name. */
function vmOf({ starts }: FakeWorld, project: FakeProject, name: string) {
  const ofNotebook = project.notebooks.get(name);
  const running = ofNotebook ?? project.vms.get(name) ?? notFound(name);
  return {
    id: ofNotebook === undefined ? name : `vm-of-${name}`,
    name,
    status: running ? 'RUNNING' : project.suspended?.has(name) === true ? 'SUSPENDED' : 'TERMINATED',
    labels: labelsOf(project, name),
    lastStartTimestamp: new Date(starts.get(`${project.id}/${name}`) ?? LONG_AGO_MS).toISOString(),
  };
}

function jobOf(project: FakeProject, id: string) {
  const ofPipeline = project.pipelines.get(id);
  const running = ofPipeline ?? project.jobs.get(id) ?? notFound(id);
  const [collection, states] =
    ofPipeline === undefined ? ['customJobs', 'JOB_STATE'] : ['pipelineJobs', 'PIPELINE_STATE'];
  return {
    name: `projects/${project.number}/locations/${REGION}/${collection}/${id}`,
    displayName: id,
    state: `${states}_${running ? 'RUNNING' : 'CANCELLED'}`,
  };
}

/** A model's name on the endpoint, whatever its id is by now. */
export function nameOfModel(id: string): string {
  return id.replace(/(?:-again)+$/, '');
}

function endpointOf(project: FakeProject) {
  const models = [...project.models];
  return {
    name: `projects/${project.number}/locations/${REGION}/endpoints/1`,
    deployedModels: models.map((id) => ({
      id,
      displayName: nameOfModel(id),
      model: `projects/${project.number}/locations/${REGION}/models/m`,
    })),
    trafficSplit: models.length === 0 ? {} : { [models[0] ?? '']: 100 },
  };
}
