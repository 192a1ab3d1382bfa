import type { BringBack } from '../../shared/resources/kind.ts';
import type { Manifest } from '../../shared/state/manifest.ts';
import type { ManifestItem, ResourceItem } from '../../shared/state/manifest-item.ts';
import { isRestoredSince } from '../../shared/state/restored-since.ts';

/** What is to be done about one thing that was taken away. */
export interface RestoreStep {
  readonly project: string;
  readonly item: ManifestItem;
  readonly action: 'relink' | 'start' | 'deploy' | 'none';
  /** For `none`: why it stays away. */
  readonly why: string | undefined;
  /** What does not come back with it. */
  readonly losses: readonly string[];
}

/** How an item of the table of what burns comes back: by steps, by a way of the restore's own, or not at all. */
export type WayBack = (item: ResourceItem) => BringBack;

/** The order in which things come back: nothing starts without billing. */
const ORDER: Readonly<Record<RestoreStep['action'], number>> = { relink: 0, start: 1, deploy: 2, none: 3 };

/** The steps that bring back exactly what a manifest lists as taken away. Pure. */
export function planRestore(manifest: Manifest, wayBack: WayBack): readonly RestoreStep[] {
  const byResource = new Map<string, ManifestItem[]>();
  for (const rung of manifest.rungs)
    for (const item of rung.items ?? [])
      byResource.set(item.resource, [...(byResource.get(item.resource) ?? []), item]);
  return [...byResource.values()]
    .flatMap((items) => latest(items) ?? [])
    .map((item) => judgeItem(manifest, item, wayBack))
    .sort((a, b) => ORDER[a.action] - ORDER[b.action] || (a.item.resource < b.item.resource ? -1 : 1));
}

/** Two rungs may list the same machine, where an operator started it in between: the last one that took it away counts. */
function latest(items: readonly ManifestItem[]): ManifestItem | undefined {
  const taken = items.filter(isTaken);
  return (taken.length > 0 ? taken : items).reduce<ManifestItem | undefined>(
    (last, item) => ((item.atMs ?? 0) >= (last?.atMs ?? 0) ? item : last),
    undefined,
  );
}

/** Done, or planned by a run that died or got no answer: what it is now is seen when it is to be brought back. */
function isTaken({ status }: ManifestItem): boolean {
  return status === 'done' || status === 'planned';
}

function judgeItem(manifest: Manifest, item: ManifestItem, wayBack: WayBack): RestoreStep {
  const base = { project: manifest.project, item, losses: lossesOf(item), why: undefined };
  const none = (why: string): RestoreStep => ({ ...base, action: 'none', why });
  if (item.status === 'already')
    return none(
      item.why === undefined
        ? 'it was off already: costguard did not take it away'
        : `costguard left it as it was: ${item.why}`,
    );
  if (item.status === 'failed') return none('the kill switch could not take it away');
  if (isRestoredSince(item, manifest.restored)) return none('it was brought back before');
  if (item.kind === 'billing') return { ...base, action: 'relink' };
  const back = wayBack(item);
  switch (back.kind) {
    case 'steps':
      return { ...base, action: 'start' };
    case 'own':
      return { ...base, action: 'deploy' };
    case 'left':
      return none(back.why);
  }
}

function lossesOf(item: ManifestItem): readonly string[] {
  if (item.kind !== 'vm') return [];
  return [
    ...(item.localSsds > 0 ? [`the data on its ${item.localSsds} local SSDs`] : []),
    ...(item.spot ? ['its place: a Spot VM starts only while there is capacity'] : []),
  ];
}

/** Places that could not be looked into before billing was unlinked: what ran there is in no manifest. */
export function unseenIn({ rungs }: Manifest): readonly { readonly where: string; readonly why: string }[] {
  return rungs
    .flatMap(({ left = [] }) => left)
    .filter(({ unseen }) => unseen === true)
    .map(({ resource, reason }) => ({ where: resource, why: reason }));
}
