import pMap from 'p-map';
import { messageOf, PermanentError } from '../../shared/errors.ts';
import { noteStrange } from '../../shared/google/read-items.ts';
import type { Gap } from '../../shared/run/receipt.ts';
import { manifestKey, readManifest, type Manifest, type ManifestKey } from '../../shared/state/manifest.ts';
import type { State } from '../../shared/state/state.ts';
import { wayBackOf } from './bring-back/way-back.ts';
import type { ListRequest } from './config.ts';
import { planRestore } from './decide.ts';
import { budgetPath } from '../../shared/spend/budget-path.ts';

/** One project's part of a budget's period: what a restore of it would bring back. */
interface Restorable {
  readonly budget: string;
  readonly period: string;
  readonly project: string;
  /** What comes back: how, and when it was taken away (RFC 3339; absent where that is not known). */
  readonly restorable: readonly {
    readonly resource: string;
    readonly action: string;
    readonly at?: string;
  }[];
}

export interface RestorableList {
  readonly manifests: readonly Restorable[];
  /** What is there and cannot be read. */
  readonly unread: readonly Gap[];
  /** Older ones that were not looked at; name a budget and a period for these. */
  readonly notRead: number;
}

/** Manifests that one request reads, those of the newest periods first. */
const MAX_READ = 500;
const READS_AT_ONCE = 8;

/** What can be restored: by budget, period and project, the newest period first. */
export async function listRestorable(
  state: State,
  { budget, project }: ListRequest,
): Promise<RestorableList> {
  const { items, strange } = await state.list(
    budget === undefined ? 'manifests/' : `manifests/${budgetPath(budget)}/`,
  );
  const unread: Gap[] = [];
  noteStrange((gap) => void unread.push(gap), `gs://${state.bucket}/manifests/`, strange);
  const keys = items
    .flatMap((name) => manifestKey(name) ?? [])
    .filter((key) => project === undefined || key.project === project)
    .sort((a, b) => (a.period === b.period ? 0 : a.period < b.period ? 1 : -1));
  const manifests = await pMap(keys.slice(0, MAX_READ), (key) => readOne(state, key, unread), {
    concurrency: READS_AT_ONCE,
  });
  return {
    manifests: manifests.flatMap((manifest) => restorableIn(manifest) ?? []),
    unread,
    notRead: Math.max(0, keys.length - MAX_READ),
  };
}

async function readOne(state: State, key: ManifestKey, unread: Gap[]): Promise<Manifest | undefined> {
  try {
    return (await readManifest(state, key)).manifest;
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    unread.push({ where: `${key.budget} ${key.period} ${key.project}`, why: messageOf(error) });
    return undefined;
  }
}

/** Undefined where nothing is to be brought back. */
function restorableIn(manifest: Manifest | undefined): Restorable | undefined {
  if (manifest === undefined) return undefined;
  const { budget, period, project } = manifest;
  const restorable = planRestore(manifest, wayBackOf)
    .filter(({ action }) => action !== 'none')
    .map(({ item: { resource, atMs }, action }) => ({
      resource,
      action,
      ...(atMs === undefined ? {} : { at: new Date(atMs).toISOString() }),
    }));
  return restorable.length === 0 ? undefined : { budget, period, project, restorable };
}
