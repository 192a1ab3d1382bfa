import pMap from 'p-map';
import { messageOf } from '../../../shared/errors.ts';
import type { ProjectRef } from '../../../shared/google/projects.ts';
import { readManifest, type Manifest } from '../../../shared/state/manifest.ts';
import { protection } from '../decide.ts';
import { keyOf, type Due } from '../ladder/hold.ts';
import { effectiveSince, isInEffect, mayHaveRunSince, type HeldBy } from './in-effect.ts';
import type { Others } from './judge-settling.ts';

/** Manifests that are read at the same time. */
const READS_AT_ONCE = 8;

/** Tells of a project what the budget's other ones still cost; their manifests are read once a run, when the first of them may be unlinked. */
export type ReadOthers = (projectId: string) => Promise<Others>;

/** A budget's figure is that of all its projects: it tells of one of them only what the others do not explain. */
export function readOthers(due: Due, projects: readonly ProjectRef[], ownProject: string): ReadOthers {
  let read: Promise<ReadonlyMap<string, Others>> | undefined;
  return async (projectId) => {
    const unread = new Set(due.budget.projects).size - projects.length;
    if (unread > 0) return goesOn(`${unread} of the budget's projects cannot be read, and may cost money`);
    if (projects.length === 1) return { kind: 'quiet', sinceMs: 0 };
    read ??= readAll(due, projects, ownProject);
    const others = [...(await read)].flatMap(([id, one]) => (id === projectId ? [] : [one]));
    const sinceMs = others.map((one) => (one.kind === 'quiet' ? one.sinceMs : 0));
    return (
      others.find((one) => one.kind === 'goes-on') ?? { kind: 'quiet', sinceMs: Math.max(0, ...sinceMs) }
    );
  };
}

async function readAll(
  due: Due,
  projects: readonly ProjectRef[],
  ownProject: string,
): Promise<ReadonlyMap<string, Others>> {
  const { state } = due.context;
  const by = { amount: due.verdict.budgetAmount, heldSinceMs: due.heldSinceMs };
  const read = async (project: ProjectRef): Promise<readonly [string, Others]> => {
    const { projectId, isDeleted, deletedMs } = project;
    // Nothing runs in it, protected or not.
    if (isDeleted === true && deletedMs !== undefined)
      return [projectId, { kind: 'quiet', sinceMs: deletedMs }];
    const why = protection(projectId, due.config, ownProject);
    if (why !== undefined && isDeleted === true)
      return [
        projectId,
        goesOn(`projects/${projectId} of the same budget is deleted, and Google does not tell since when`),
      ];
    if (why !== undefined)
      return [projectId, goesOn(`projects/${projectId} of the same budget runs on: ${why}`)];
    try {
      const known = state === undefined ? undefined : await readManifest(state, keyOf(due, { projectId }));
      return [projectId, judgeOther(projectId, known?.manifest, by)];
    } catch (error) {
      // What else burns in this project is a reason by itself, whatever is known of that one.
      return [
        projectId,
        goesOn(`whether projects/${projectId} of the same budget runs on is not known: ${messageOf(error)}`),
      ];
    }
  };
  return new Map(await pMap(projects, read, { concurrency: READS_AT_ONCE }));
}

/** Since when a project of the budget runs nothing. Pure. */
export function judgeOther(projectId: string, manifest: Manifest | undefined, by: HeldBy): Others {
  const notInEffect = goesOn(`stop-compute is not in effect on projects/${projectId} of the same budget`);
  if (manifest === undefined) return notInEffect;
  const rungs = manifest.rungs.filter(({ status }) => status === 'done');
  const unlinkedMs = rungs.find((rung) => rung.do === 'unlink-billing')?.firedAtMs;
  if (unlinkedMs === undefined && manifest.settling?.burns === true)
    return goesOn(`something may burn on projects/${projectId} of the same budget that no rung stops`);
  const sinceMs = Math.max(
    unlinkedMs ?? 0,
    (isInEffect(manifest) ? effectiveSince(manifest) : undefined) ?? 0,
  );
  // Without billing nothing runs, whatever the amount.
  const present = unlinkedMs === undefined ? by : { amount: 0, heldSinceMs: 0 };
  return sinceMs === 0 || mayHaveRunSince(manifest, sinceMs, present)
    ? notInEffect
    : { kind: 'quiet', sinceMs };
}

function goesOn(why: string): Others {
  return { kind: 'goes-on', why };
}
