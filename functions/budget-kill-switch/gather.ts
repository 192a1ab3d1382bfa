import pMap from 'p-map';
import type { Api } from '../../shared/google/api.ts';
import { getBillingLink } from '../../shared/google/billing.ts';
import { messageOf } from '../../shared/errors.ts';
import { isBillingDisabled, GoogleApiError } from '../../shared/google/google-api-error.ts';
import { getProject, type ProjectRef } from '../../shared/google/projects.ts';
import type { Mode, RungAction } from '../../shared/policy/policy.ts';
import { disabledGaps, readResources } from '../../shared/resources/inventory.ts';
import type { Runtime } from '../../shared/run/runtime.ts';
import type { LookGap } from '../../shared/resources/look.ts';
import { rungKinds } from '../../shared/state/rung-kinds.ts';
import type { Inventory } from './ladder/inventory.ts';
import { noteNotOffered, recallNotOffered } from './ladder/offered.ts';
import { seenBefore } from './ladder/seen-before.ts';
import type { SwitchRun } from './run.ts';
import type { Manifest } from '../../shared/state/manifest.ts';

/** Notes something that could not be looked at. */
export type NoteGap = (gap: LookGap) => void;

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
export interface GatherRun extends Pick<
  SwitchRun,
  'runtime' | 'api' | 'state' | 'log' | 'projectId' | 'projectNumber' | 'isDeleted'
> {
  readonly mode: Mode;
  /** What the rungs of the budget took from the project in this period. */
  readonly manifest: () => Promise<Manifest | undefined>;
}

/** Looks at what a rung would take away from a project. One part that cannot be read does not hide the others. */
export async function gatherInventory(run: GatherRun, action: RungAction, gap: NoteGap): Promise<Inventory> {
  const { runtime, api, projectId, projectNumber, mode } = run;
  if (run.isDeleted === true) return nothingIn(projectId, 'it is deleted');
  const unlinks = action === 'unlink-billing';
  const account = unlinks ? await readAccount(runtime, api, projectId) : undefined;
  // Linked to no account, the project has nothing left that runs, and its APIs refuse to list it.
  if (unlinks && account === undefined) return nothingIn(projectId, UNPAID);
  const known = action === 'stop-notebooks' ? new Set<string>() : await recallNotOffered(run);
  const found = await readResources(
    { api, now: runtime.now() },
    projectId,
    rungKinds(action),
    (what) => known.has(what),
    { projectNumber },
  );
  // Without billing nothing runs; that it is off is not taken from a refusal alone.
  const isOff =
    !unlinks && found.gaps.some(({ cause }) => isWithoutBilling(cause)) && !(await hasBilling(run));
  if (!isOff) for (const one of disabledGaps(found, await seenBefore(run, found.disabledAreas))) gap(one);
  for (const one of found.gaps) if (!isOff || !isWithoutBilling(one.cause)) gap(one);
  // Observing keeps nothing of a look.
  if (mode === 'enforce') await noteNotOffered(run, found.notOffered);
  const { resources, notOffered } = found;
  return { projectId, resources, notOffered, account, ...(isOff ? { nothingLeft: UNPAID } : {}) };
}

const UNPAID = 'no billing account pays for it';

function nothingIn(projectId: string, nothingLeft: string): Inventory {
  return { projectId, resources: [], notOffered: [], account: undefined, nothingLeft };
}

function isWithoutBilling(cause: unknown): boolean {
  return cause instanceof GoogleApiError && isBillingDisabled(cause);
}

async function hasBilling({ runtime, api, projectId }: GatherRun): Promise<boolean> {
  return (await getBillingLink(api, runtime.auth, projectId)).enabled;
}

/** Without knowing the account there is no way back, so a failure here is the rung's failure. */
async function readAccount(runtime: Runtime, api: Api, projectId: string): Promise<string | undefined> {
  return (await getBillingLink(api, runtime.auth, projectId)).account;
}
