import type { ProjectLease } from '../../../shared/state/lease.ts';
import type { LeftAlone, Manifest, ManifestRung } from '../../../shared/state/manifest.ts';
import { isRestoredSince } from '../../../shared/state/restored-since.ts';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import { isOpen, settled, takenAfter, takenAtMs } from './items.ts';
import type { SwitchRun } from '../run.ts';
import { isInEffect, settlingAfter } from '../settle/in-effect.ts';

/** How often what became of the items is written while a run works on them. */
const SAVE_AFTER_MS = 20_000;

/** What a rung takes away from a project and what it leaves; `complete` when all of the project could be looked at. */
export interface RungPlan {
  readonly items: readonly ManifestItem[];
  readonly left: readonly LeftAlone[];
  readonly complete: boolean;
}

/** Whether a rung has dealt with all that it planned. */
export function isFired({ rungs }: Manifest, rung: Rung): boolean {
  return rungs.find((one) => one.do === rung.do)?.status === 'done';
}

/** The record of a rung in the manifest of a project that this run holds. */
export interface HeldRung {
  /** What an earlier run planned that did not finish. */
  readonly earlier: RungPlan | undefined;
  /** Writes what the rung will take away. Nothing may be taken away before this has returned. */
  readonly record: (plan: RungPlan) => Promise<void>;
  readonly work: (planned: readonly ManifestItem[]) => Work;
  /**
   * Writes what became of the items. The rung counts as fired when all was seen and every item is dealt with. `burns`: something does
   * that it does not stop.
   */
  readonly close: (items: readonly ManifestItem[], burns?: boolean) => Promise<void>;
}

/** The work on what a rung takes away. */
export interface Work {
  readonly lease: ProjectLease;
  /** Whether an earlier run had planned the item and died, or got no answer: it may have requested it then. */
  readonly mayBeRequested: (item: ManifestItem) => boolean;
  /**
   * Whether an earlier run took the item away, or may have, and no restore brought it back: what it lacks since then, as an autoscaler,
   * must come back, also where it runs again and cannot be taken once more.
   */
  readonly wasTaken: (item: ManifestItem) => boolean;
  /** Whether an earlier run tried to take the item away since it was planned, or came back, and did not get through. */
  readonly wasTried: (item: ManifestItem) => boolean;
  /**
   * Writes that an item is about to be requested, where the manifest does not say so: a listing without it had it as off, or it was
   * brought back since. From then on it counts as taken after that.
   */
  readonly intend: (item: ManifestItem) => Promise<void>;
  readonly items: () => readonly ManifestItem[];
  /** Notes what became of an item. */
  readonly done: (item: ManifestItem) => Promise<void>;
  /** Sleeps; the lease does not run out meanwhile. */
  readonly pause: (milliseconds: number) => Promise<void>;
}

/** Opens the record of a rung. */
export function openRung(
  run: SwitchRun,
  lease: ProjectLease,
  rung: Rung,
  spent?: Manifest['spent'],
  heldSinceMs?: number,
): HeldRung {
  const earlier = plannedBefore(lease.manifest(), rung);
  const nowMs = (): number => run.runtime.now().getTime();
  const change = async (
    how: (known: ManifestRung) => ManifestRung,
    closing?: { readonly burns: boolean },
  ): Promise<void> => {
    await lease.update((manifest) => {
      const changed = { ...withRung(manifest, run, rung, how), ...(spent === undefined ? {} : { spent }) };
      if (spent === undefined || closing === undefined || rung.do !== 'stop-compute') return changed;
      const takesEffect = isInEffect(changed);
      if (!takesEffect && manifest.settling === undefined) return changed;
      const by = { amount: spent.amount, heldSinceMs };
      const settling = settlingAfter(manifest, by, nowMs(), closing.burns || !takesEffect);
      return { ...changed, settling };
    });
  };
  return {
    earlier,
    record: ({ items, left, complete }) =>
      change((known) => ({ ...known, items: [...items], left: [...left], complete })),
    work: (planned) => followWork(run, lease, earlier, planned, change),
    close: (items, burns = false) =>
      change(
        (known) => {
          const finished = known.complete !== false && !items.some(isOpen);
          return {
            ...known,
            items: [...items],
            ...(finished ? { status: 'done', firedAtMs: nowMs() } : { status: 'claimed' }),
          };
        },
        { burns },
      ),
  };
}

/** What an earlier run planned of a rung, with what became of it. */
export function plannedBefore(manifest: Manifest | undefined, rung: Rung): RungPlan | undefined {
  const known = manifest?.rungs.find((one) => one.do === rung.do);
  return known?.items === undefined
    ? undefined
    : { items: known.items, left: known.left ?? [], complete: known.complete === true };
}

function followWork(
  run: SwitchRun,
  lease: ProjectLease,
  earlier: RungPlan | undefined,
  planned: readonly ManifestItem[],
  change: (how: (known: ManifestRung) => ManifestRung) => Promise<void>,
): Work {
  const { restored } = lease.manifest();
  const before = new Map(
    (earlier?.items ?? [])
      .filter((item) => !isRestoredSince(item, restored))
      .map((item) => [item.resource, item]),
  );
  const statusOf = ({ resource }: ManifestItem): string => before.get(resource)?.status ?? '';
  const items = new Map(planned.map((item) => [item.resource, item]));
  let savedAtMs = run.runtime.now().getTime();
  const save = async (): Promise<void> => {
    savedAtMs = run.runtime.now().getTime();
    await change((known) => ({ ...known, items: [...items.values()] }));
  };
  const saveNowAndThen = async (): Promise<void> => {
    if (run.runtime.now().getTime() - savedAtMs > SAVE_AFTER_MS) await save();
  };
  return {
    lease,
    mayBeRequested: (item) => statusOf(item) === 'planned',
    wasTaken: (item) => ['planned', 'done'].includes(statusOf(item)),
    wasTried({ resource }) {
      const known = before.get(resource);
      return known !== undefined && isOpen(known) && known.untried !== true;
    },
    async intend({ resource }) {
      const item = items.get(resource);
      if (item === undefined || (item.status === 'planned' && !isRestoredSince(item, restored))) return;
      const taken = settled(item, { status: 'planned', atMs: takenAtMs(item, run.runtime.now()) });
      items.set(resource, takenAfter(restored, taken));
      await save();
    },
    items: () => [...items.values()],
    async done(item) {
      const { atMs = 0 } = items.get(item.resource) ?? {};
      items.set(item.resource, (item.atMs ?? 0) < atMs ? { ...item, atMs } : item);
      await saveNowAndThen();
    },
    async pause(milliseconds) {
      await run.runtime.sleep(milliseconds);
      await saveNowAndThen();
    },
  };
}

/** A manifest with the record of a rung changed, in the name of this run. */
function withRung(
  manifest: Manifest,
  { runId }: SwitchRun,
  rung: Rung,
  how: (known: ManifestRung) => ManifestRung,
): Manifest {
  const known = manifest.rungs.find((one) => one.do === rung.do) ?? { status: 'claimed' };
  const others = manifest.rungs.filter((one) => one.do !== rung.do);
  const changed = how({ ...known, at: rung.at, do: rung.do, runId });
  return {
    ...manifest,
    ...(manifest.lease === undefined ? {} : { lease: { ...manifest.lease, doing: rung.do } }),
    rungs: [...others, changed].sort((a, b) => a.at - b.at),
  };
}
