import pMap from 'p-map';
import type { Api } from '../../shared/google/api.ts';
import { getBillingLink } from '../../shared/google/billing.ts';
import { messageOf } from '../../shared/errors.ts';
import { listNotebooks } from '../../shared/google/notebooks.ts';
import { isNotOffered, isPerimeterRefusal } from '../../shared/google/not-offered.ts';
import {
  isBillingDisabled,
  isServiceDisabled,
  GoogleApiError,
} from '../../shared/google/google-api-error.ts';
import { getProject, type ProjectRef } from '../../shared/google/projects.ts';
import type { Mode, RungAction } from '../../shared/policy/policy.ts';
import { noteStrange } from '../../shared/google/read-items.ts';
import type { Runtime } from '../../shared/run/runtime.ts';
import { readVertexInventory, type VertexInventory } from '../../shared/google/vertex/inventory.ts';
import { listRunningVms, type Vm } from '../../shared/google/vms.ts';
import type { Inventory } from './ladder/inventory.ts';
import { noteNotOffered, recallNotOffered } from './ladder/offered.ts';
import type { SwitchRun } from './run.ts';

/** Notes something that could not be looked at. */
export type NoteGap = (gap: {
  readonly where: string;
  readonly why: string;
  readonly cause?: unknown;
}) => void;

/** A budget's projects, which its filter names by number. One that cannot be read is a gap, never a target. */
export async function resolveProjects(
  api: Api,
  names: readonly string[],
  gap: NoteGap,
): Promise<readonly ProjectRef[]> {
  const projects = await pMap(
    names,
    async (name) => {
      try {
        return await getProject(api, name);
      } catch (error) {
        if (!(error instanceof GoogleApiError)) throw error;
        gap({ where: name, why: `not guarded: ${messageOf(error)}`, cause: error });
        return undefined;
      }
    },
    { concurrency: 8 },
  );
  const byId = new Map(projects.flatMap((one) => (one === undefined ? [] : [[one.projectId, one]])));
  return [...byId.values()].sort((a, b) => (a.projectId < b.projectId ? -1 : 1));
}

/** What looking at a project runs with. */
export interface GatherRun extends Pick<SwitchRun, 'runtime' | 'api' | 'state' | 'log' | 'projectId'> {
  readonly mode: Mode;
}

/** Reads one part of a project; a part that cannot be read is noted, and then there is nothing in it. */
type Attempt = <T>(what: string, read: () => Promise<T>, none: T) => Promise<T>;

/** Looks at what a rung would take away from a project. One part that cannot be read does not hide the others. */
export async function gatherInventory(run: GatherRun, action: RungAction, gap: NoteGap): Promise<Inventory> {
  const { runtime, api, projectId } = run;
  const attempt: Attempt = async (what, read, none) => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof GoogleApiError)) throw error;
      // What a disabled API offers cannot run, and without billing nothing does.
      if (!isServiceDisabled(error) && !isBillingDisabled(error))
        gap({ where: `projects/${projectId} ${what}`, why: whyUnseen(error), cause: error });
      return none;
    }
  };
  const unlinks = action === 'unlink-billing';
  const account = unlinks ? await readAccount(runtime, api, projectId) : undefined;
  // Linked to no account, the project has nothing left that runs, and its APIs refuse to list it.
  const looks = action !== 'notify' && !(unlinks && account === undefined);
  const compute = looks && action !== 'stop-notebooks';
  const [notebooks, vms, vertex] = await Promise.all([
    looks ? attempt('notebooks', () => readNotebooks(api, projectId, gap), NO_NOTEBOOKS) : NO_NOTEBOOKS,
    compute ? attempt('VMs', () => readVms(api, projectId, gap), []) : [],
    compute ? attempt('Vertex AI', () => readVertex(run, gap), NO_VERTEX) : NO_VERTEX,
  ]);
  return {
    projectId,
    notebooks: notebooks.running,
    notebookVmIds: notebooks.vmIds,
    vms,
    jobs: vertex.jobs,
    endpoints: vertex.endpoints,
    notOffered: vertex.notOffered,
    account,
  };
}

const NO_NOTEBOOKS: { readonly running: Inventory['notebooks']; readonly vmIds: ReadonlySet<string> } = {
  running: [],
  vmIds: new Set(),
};
const NO_VERTEX: VertexInventory = { jobs: [], endpoints: [], gaps: [], strange: [], notOffered: [] };

/** States in which an instance bills for its machine, or soon will. */
const RUNNING_STATES: ReadonlySet<string> = new Set([
  'ACTIVE',
  'STARTING',
  'PROVISIONING',
  'INITIALIZING',
  'UPGRADING',
]);

/** Down, or on its way. Any other state, also one that Google's enum may yet get, may bill: it is not evaluable. */
const NOTEBOOK_DOWN: ReadonlySet<string> = new Set([
  'STOPPING',
  'STOPPED',
  'SUSPENDING',
  'SUSPENDED',
  'DELETED',
]);

async function readNotebooks(api: Api, projectId: string, gap: NoteGap): Promise<typeof NO_NOTEBOOKS> {
  const running: { resource: string; labels: Readonly<Record<string, string>> }[] = [];
  const vmIds = new Set<string>();
  const failed: { readonly location: string; readonly error: GoogleApiError }[] = [];
  let answered = false;
  for await (const page of listNotebooks(api, projectId)) {
    if (page.failed === undefined) answered = true;
    else failed.push(page.failed);
    for (const location of page.unreachable)
      gap({ where: location, why: 'unreachable: notebooks there were not seen' });
    noteStrange(gap, `projects/${projectId} notebooks`, page.strange);
    for (const instance of page.instances) {
      const instanceId = instance.gceSetup?.instanceId;
      if (instanceId !== undefined) vmIds.add(instanceId);
      const { state = 'no state' } = instance;
      if (RUNNING_STATES.has(state)) running.push({ resource: instance.name, labels: instance.labels ?? {} });
      else if (!NOTEBOOK_DOWN.has(state))
        gap({ where: instance.name, why: `not evaluable: ${state} is none of the states that are known` });
    }
  }
  // Requested one by one, some locations may have no Workbench at all.
  for (const { location, error } of failed)
    if (!answered || !isNotOffered(error))
      gap({ where: `${location} notebooks`, why: whyUnseen(error), cause: error });
  return { running, vmIds };
}

async function readVms(api: Api, projectId: string, gap: NoteGap): Promise<readonly Vm[]> {
  const { vms, unreachable, strange } = await listRunningVms(api, projectId);
  for (const zone of unreachable)
    gap({ where: `projects/${projectId} ${zone}`, why: 'unreachable: VMs there were not seen' });
  noteStrange(gap, `projects/${projectId} VMs`, strange);
  return vms;
}

async function readVertex(run: GatherRun, gap: NoteGap): Promise<VertexInventory> {
  const { api, projectId, mode } = run;
  const known = await recallNotOffered(run);
  const found = await readVertexInventory(api, projectId, (what) => known.has(what));
  for (const { where, error } of found.gaps)
    gap({ where: `projects/${projectId} ${where}`, why: whyUnseen(error), cause: error });
  for (const { where, items } of found.strange)
    noteStrange(gap, where.startsWith('projects/') ? where : `projects/${projectId} ${where}`, items);
  // Observing changes nothing, not even what is remembered.
  if (mode === 'enforce') await noteNotOffered(run, found.notOffered);
  return found;
}

/** What an error means for what could not be looked at. */
function whyUnseen(error: unknown): string {
  return isPerimeterRefusal(error)
    ? `VPC Service Controls keep the switch out, whatever IAM allows: ${messageOf(error)}`
    : messageOf(error);
}

/** Without knowing the account there is no way back, so a failure here is the rung's failure. */
async function readAccount(runtime: Runtime, api: Api, projectId: string): Promise<string | undefined> {
  return (await getBillingLink(api, runtime.auth, projectId)).account;
}
