import pMap from 'p-map';
import { messageOf, PermanentError } from '../errors.ts';
import type { RungAction } from '../policy/policy.ts';
import { manifestKey, readManifest, type Manifest, type ManifestKey } from './manifest.ts';
import type { ManifestItem } from './manifest-item.ts';
import { isRestoredSince } from './restored-since.ts';
import { saidInForce, type SaidInForce } from './rungs-in-force.ts';
import type { State } from './state.ts';

/** Something that a rung of another budget, or of another period of the same one, took from a project and no restore brought back. */
export interface Holder {
  readonly manifest: Manifest;
  readonly rung: RungAction;
  readonly item: ManifestItem;
  /** Whether that rung is in force now, by what the switch said last, and no restore has opened a grace since. */
  readonly isInForce: boolean;
}

export interface Holders {
  /** What was taken first comes first. */
  readonly held: readonly Holder[];
  /** Manifests that cannot be read: what they hold is not known. */
  readonly unread: readonly { readonly where: string; readonly why: string }[];
}

/** Manifests of one project that are read: those of which a rung is in force, and then those of the newest periods. */
const MAX_READ = 24;
const READS_AT_ONCE = 8;

/**
 * What other budgets and periods hold of a project, whether the policy still allows these budgets or not. `sinceMs` (milliseconds since
 * the epoch): what was brought back since then counts as held, for a look that began then may have seen it on its way. Needs
 * storage.objects.list. Throws `GoogleApiError`.
 */
export async function readHolders(
  state: State,
  own: ManifestKey,
  nowMs: number,
  sinceMs = Infinity,
): Promise<Holders> {
  const { items } = await state.list('manifests/', `manifests/*/*/*/${own.project}.json`);
  const all = items
    .flatMap((name) => manifestKey(name) ?? [])
    .filter(({ project }) => project === own.project)
    .filter(({ budget, period }) => budget !== own.budget || period !== own.period);
  if (all.length === 0) return { held: [], unread: [] };
  const said = await saidInForce(state, own.project, nowMs);
  const isSaid = (key: ManifestKey): boolean => said.some((one) => isAbout(one, key));
  const keys = all
    .sort((a, b) => Number(isSaid(b)) - Number(isSaid(a)) || newestFirst(a, b))
    .slice(0, MAX_READ);
  const unread: { where: string; why: string }[] = [];
  const held = await pMap(
    keys,
    async (key) => {
      try {
        return heldBy((await readManifest(state, key)).manifest, said, sinceMs);
      } catch (error) {
        if (!(error instanceof PermanentError)) throw error;
        unread.push({ where: `${key.budget} ${key.period} ${key.project}`, why: messageOf(error) });
        return [];
      }
    },
    { concurrency: READS_AT_ONCE },
  );
  return { held: held.flat().sort((a, b) => (a.item.atMs ?? 0) - (b.item.atMs ?? 0)), unread };
}

function newestFirst({ period: a }: ManifestKey, { period: b }: ManifestKey): number {
  return a === b ? 0 : a < b ? 1 : -1;
}

function heldBy(manifest: Manifest, said: readonly SaidInForce[], sinceMs: number): readonly Holder[] {
  const { restored, rungs } = manifest;
  return rungs.flatMap(({ do: rung, items = [] }) =>
    items
      .filter(({ status }) => status === 'done' || status === 'planned')
      .filter((item) => !isRestoredSince(item, restored) || (restored[item.resource] ?? 0) >= sinceMs)
      .map((item) => ({ manifest, rung, item, isInForce: isInForce(manifest, rung, said) })),
  );
}

/** What a restore has released is in force no more, whatever was said before it. */
function isInForce(manifest: Manifest, rung: RungAction, said: readonly SaidInForce[]): boolean {
  const releasedMs = manifest.grace?.sinceMs ?? 0;
  return said.some((one) => isAbout(one, manifest) && one.rungs.includes(rung) && one.atMs > releasedMs);
}

/** What an earlier version said names no period, and may be of any. */
function isAbout(said: SaidInForce, { budget, period }: ManifestKey): boolean {
  return said.budget === budget && (said.period === undefined || said.period === period);
}
