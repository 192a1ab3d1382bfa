import { backoff } from '../../../shared/google/change-state.ts';
import {
  updateManifest,
  type LeftAlone,
  type Manifest,
  type ManifestItem,
  type ManifestKey,
  type ManifestRung,
} from '../../../shared/state/manifest.ts';
import { BusyError } from '../../../shared/google/google-api-error.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import type { State } from '../../../shared/state/state.ts';
import type { SwitchRun } from '../run.ts';

/**
 * How long a claim on a rung holds. Its run renews it while it works; one that died is taken over after this.
 */
const LEASE_MS = 90_000;
const RENEW_AFTER_MS = 20_000;

/** How often, and how far apart, a rung is looked at that another run holds, before this event gives up for now. */
const HELD_LOOKS = 10;
const HELD_PAUSE_MS = 1_500;

type Claimed =
  | { readonly kind: 'fired-before' }
  /** `earlier` when a run planned the rung before and did not finish it. */
  | { readonly kind: 'ours'; readonly earlier: RungPlan | undefined };

/** What a rung takes away from a project and what it leaves; `complete` when all of the project could be looked at. */
export interface RungPlan {
  readonly items: readonly ManifestItem[];
  readonly left: readonly LeftAlone[];
  readonly complete: boolean;
}

/**
 * Claims a rung, so that of many deliveries one alone fires it. Waits a little for another run that holds it; throws
 * {@link BusyError} when that takes longer, so that this event comes again.
 */
async function claimRung(run: SwitchRun, state: State, key: ManifestKey, rung: Rung): Promise<Claimed> {
  for (let looks = 1; ; looks++) {
    let claimed: Claimed | undefined;
    const pause = backoff(run.runtime.sleep, run.runtime.random, 50, 2_000);
    await updateManifest(state, key, pause, (manifest) => {
      const nowMs = run.runtime.now().getTime();
      const known = manifest.rungs.find((one) => one.do === rung.do);
      claimed = undefined;
      if (known?.status === 'done') {
        claimed = { kind: 'fired-before' };
        return undefined;
      }
      // A claim of our own whose answer got lost is ours.
      if (known !== undefined && known.runId !== run.runId && known.leaseUntilMs > nowMs) return undefined;
      claimed = {
        kind: 'ours',
        earlier:
          known?.items === undefined
            ? undefined
            : { items: known.items, left: known.left ?? [], complete: known.complete === true },
      };
      return withRung(manifest, {
        ...known,
        at: rung.at,
        do: rung.do,
        status: 'claimed',
        runId: run.runId,
        leaseUntilMs: nowMs + LEASE_MS,
      });
    });
    if (claimed !== undefined) return claimed;
    if (looks >= HELD_LOOKS)
      throw new BusyError(`Cannot fire ${rung.do} on "${key.project}": another run holds it`);
    await run.runtime.sleep(HELD_PAUSE_MS);
  }
}

/**
 * Fires a rung: claims it, lets `fire` do its work, and closes it. It counts as fired when all was seen and every item is
 * dealt with; else it is free for the next message at once, also when `fire` throws. Tells whether it had fired before.
 */
export async function holdRung(
  run: SwitchRun,
  state: State,
  key: ManifestKey,
  rung: Rung,
  fire: (held: HeldRung) => Promise<readonly ManifestItem[]>,
): Promise<'fired-before' | 'held'> {
  const claimed = await claimRung(run, state, key, rung);
  if (claimed.kind === 'fired-before') return claimed.kind;
  const change = (how: (known: ManifestRung) => ManifestRung): Promise<void> =>
    changeOurs(run, state, key, rung, how);
  const nowMs = (): number => run.runtime.now().getTime();
  try {
    const items = await fire({
      earlier: claimed.earlier,
      async record({ items: planned, left, complete }) {
        await change((known) => ({ ...known, items: [...planned], left: [...left], complete }));
      },
      work: (planned) => followWork(run, claimed.earlier, planned, change),
    });
    await change((known) => {
      const dealtWith = items.every((item) => item.status === 'done' || item.status === 'already');
      const finished = known.complete !== false && dealtWith;
      return {
        ...known,
        items: [...items],
        ...(finished ? { status: 'done', firedAtMs: nowMs() } : { leaseUntilMs: nowMs() }),
      };
    });
    return 'held';
  } catch (error) {
    try {
      await change((known) => ({ ...known, leaseUntilMs: nowMs() }));
    } catch {
      // The claim then runs out by itself; what went wrong first is what counts.
    }
    throw error;
  }
}

/** A rung that this run holds. */
export interface HeldRung {
  /** What an earlier run planned that did not finish. */
  readonly earlier: RungPlan | undefined;
  /** Writes what the rung will take away. Nothing may be taken away before this has returned. */
  readonly record: (plan: RungPlan) => Promise<void>;
  readonly work: (planned: readonly ManifestItem[]) => Work;
}

/** The work on what a rung takes away. */
export interface Work {
  /** Whether an earlier run had planned the item and died, or got no answer: it may have asked then. */
  readonly mayBeRequested: (item: ManifestItem) => boolean;
  readonly items: () => readonly ManifestItem[];
  /** Notes what became of an item. */
  readonly done: (item: ManifestItem) => Promise<void>;
  /** Sleeps; a claim does not run out meanwhile. */
  readonly pause: (milliseconds: number) => Promise<void>;
}

function followWork(
  run: SwitchRun,
  earlier: RungPlan | undefined,
  planned: readonly ManifestItem[],
  change: (how: (known: ManifestRung) => ManifestRung) => Promise<void>,
): Work {
  const asked = new Set(
    (earlier?.items ?? []).filter(({ status }) => status === 'planned').map(({ resource }) => resource),
  );
  const items = new Map(planned.map((item) => [item.resource, item]));
  let savedAtMs = run.runtime.now().getTime();
  const saveNowAndThen = async (): Promise<void> => {
    const nowMs = run.runtime.now().getTime();
    if (nowMs - savedAtMs <= RENEW_AFTER_MS) return;
    savedAtMs = nowMs;
    await change((known) => ({ ...known, items: [...items.values()] }));
  };
  return {
    mayBeRequested: ({ resource }) => asked.has(resource),
    items: () => [...items.values()],
    async done(item) {
      items.set(item.resource, item);
      await saveNowAndThen();
    },
    async pause(milliseconds) {
      await run.runtime.sleep(milliseconds);
      await saveNowAndThen();
    },
  };
}

/** Changes the record of a rung that this run holds, and renews its claim. Throws {@link BusyError} when the claim was lost. */
async function changeOurs(
  run: SwitchRun,
  state: State,
  key: ManifestKey,
  rung: Rung,
  change: (known: ManifestRung) => ManifestRung,
): Promise<void> {
  const pause = backoff(run.runtime.sleep, run.runtime.random, 50, 2_000);
  await updateManifest(state, key, pause, (manifest) => {
    const known = manifest.rungs.find((one) => one.do === rung.do);
    if (known?.runId !== run.runId)
      throw new BusyError(`Cannot go on with ${rung.do} on "${key.project}": another run took it over`);
    return withRung(manifest, change({ ...known, leaseUntilMs: run.runtime.now().getTime() + LEASE_MS }));
  });
}

function withRung(manifest: Manifest, rung: ManifestRung): Manifest {
  const others = manifest.rungs.filter((one) => one.do !== rung.do);
  return { ...manifest, rungs: [...others, rung].sort((a, b) => a.at - b.at) };
}
