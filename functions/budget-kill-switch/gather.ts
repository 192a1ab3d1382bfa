import pMap from 'p-map';
import * as z from 'zod/mini';
import type { Api } from '../../shared/api.ts';
import { getBillingLink } from '../../shared/billing.ts';
import { messageOf } from '../../shared/errors.ts';
import { listNotebooks } from '../../shared/notebooks.ts';
import { isServiceDisabled, OutsideError } from '../../shared/outside-error.ts';
import type { RungAction } from '../../shared/policy.ts';
import type { Runtime } from '../../shared/runtime.ts';
import {
  listServingEndpoints,
  listVertexJobs,
  listVertexRegions,
  VERTEX_JOB_COLLECTIONS,
  type Endpoint,
  type VertexJob,
} from '../../shared/vertex.ts';
import { listRunningVms, type Vm } from '../../shared/vms.ts';
import type { Inventory } from './inventory.ts';

/** Notes something that could not be looked at. */
export type NoteGap = (gap: {
  readonly where: string;
  readonly why: string;
  readonly cause?: unknown;
}) => void;

const projectSchema = z.looseObject({ projectId: z.string() });

/** The ids of a budget's projects, which its filter names by number. One that cannot be read is a gap, never a target. */
export async function resolveProjects(api: Api, names: readonly string[], gap: NoteGap): Promise<string[]> {
  const ids = await pMap(
    names,
    async (name) => {
      try {
        return projectSchema.parse(
          await api.request('cloudresourcemanager.projects.get', {
            url: `https://cloudresourcemanager.googleapis.com/v3/${name}`,
          }),
        ).projectId;
      } catch (error) {
        if (!(error instanceof OutsideError)) throw error;
        gap({ where: name, why: `not guarded: ${messageOf(error)}`, cause: error });
        return undefined;
      }
    },
    { concurrency: 8 },
  );
  return [...new Set(ids.filter((id) => id !== undefined))].sort();
}

/** Regions of Vertex AI that are looked at side by side. */
const REGIONS_AT_ONCE = 8;

/** Reads one part of a project; a part that cannot be read is noted, and then there is nothing in it. */
type Attempt = <T>(what: string, read: () => Promise<T>, none: T) => Promise<T>;

/** Looks at what a rung would take away from a project. One part that cannot be read does not hide the others. */
export async function gatherInventory(
  runtime: Runtime,
  api: Api,
  projectId: string,
  action: RungAction,
  gap: NoteGap,
): Promise<Inventory> {
  const attempt: Attempt = async (what, read, none) => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof OutsideError)) throw error;
      // What a disabled API offers cannot run.
      if (!isServiceDisabled(error))
        gap({ where: `projects/${projectId} ${what}`, why: messageOf(error), cause: error });
      return none;
    }
  };
  const compute = action === 'stop-compute' || action === 'unlink-billing';
  const [notebooks, vms, vertex, account] = await Promise.all([
    action === 'notify'
      ? NO_NOTEBOOKS
      : attempt('notebooks', () => readNotebooks(api, projectId, gap), NO_NOTEBOOKS),
    compute ? attempt('VMs', () => readVms(api, projectId, gap), []) : [],
    compute ? attempt('Vertex AI', () => readVertex(api, projectId, attempt), NO_VERTEX) : NO_VERTEX,
    action === 'unlink-billing' ? readAccount(runtime, api, projectId) : undefined,
  ]);
  return {
    projectId,
    notebooks: notebooks.running,
    notebookVmIds: notebooks.vmIds,
    vms,
    jobs: vertex.jobs,
    endpoints: vertex.endpoints,
    account,
  };
}

const NO_NOTEBOOKS: { readonly running: Inventory['notebooks']; readonly vmIds: ReadonlySet<string> } = {
  running: [],
  vmIds: new Set(),
};
const NO_VERTEX: { readonly jobs: readonly VertexJob[]; readonly endpoints: readonly Endpoint[] } = {
  jobs: [],
  endpoints: [],
};

/** States in which an instance bills for its machine, or soon will. */
const RUNNING_STATES: ReadonlySet<string> = new Set([
  'ACTIVE',
  'STARTING',
  'PROVISIONING',
  'INITIALIZING',
  'UPGRADING',
]);

async function readNotebooks(api: Api, projectId: string, gap: NoteGap): Promise<typeof NO_NOTEBOOKS> {
  const running: { resource: string; labels: Readonly<Record<string, string>> }[] = [];
  const vmIds = new Set<string>();
  for await (const page of listNotebooks(api, projectId)) {
    for (const location of page.unreachable)
      gap({ where: location, why: 'unreachable: notebooks there were not seen' });
    for (const instance of page.instances) {
      const instanceId = instance.gceSetup?.instanceId;
      if (instanceId !== undefined) vmIds.add(instanceId);
      if (RUNNING_STATES.has(instance.state ?? ''))
        running.push({ resource: instance.name, labels: instance.labels ?? {} });
    }
  }
  return { running, vmIds };
}

async function readVms(api: Api, projectId: string, gap: NoteGap): Promise<readonly Vm[]> {
  const { vms, unreachable } = await listRunningVms(api, projectId);
  for (const zone of unreachable)
    gap({ where: `projects/${projectId} ${zone}`, why: 'unreachable: VMs there were not seen' });
  return vms;
}

async function readVertex(api: Api, projectId: string, attempt: Attempt): Promise<typeof NO_VERTEX> {
  const found = await pMap(
    await listVertexRegions(api, projectId),
    async (region) => {
      const [endpoints, ...jobs] = await Promise.all([
        attempt<readonly Endpoint[]>(
          `Vertex AI endpoints in ${region}`,
          () => listServingEndpoints(api, projectId, region),
          [],
        ),
        // Not every region has every kind of job.
        ...VERTEX_JOB_COLLECTIONS.map((collection) =>
          attempt<readonly VertexJob[]>(
            `Vertex AI ${collection} in ${region}`,
            () => listVertexJobs(api, projectId, region, collection),
            [],
          ),
        ),
      ]);
      return { jobs: jobs.flat(), endpoints };
    },
    { concurrency: REGIONS_AT_ONCE },
  );
  return { jobs: found.flatMap(({ jobs }) => jobs), endpoints: found.flatMap(({ endpoints }) => endpoints) };
}

/** Without knowing the account there is no way back, so a failure here is the rung's failure. */
async function readAccount(runtime: Runtime, api: Api, projectId: string): Promise<string | undefined> {
  return (await getBillingLink(api, runtime.auth, projectId)).account;
}
