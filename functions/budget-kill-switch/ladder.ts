import { backoff } from '../../shared/change-state.ts';
import {
  updateManifest,
  type LeftAlone,
  type Manifest,
  type ManifestItem,
  type ManifestKey,
  type ManifestRung,
} from '../../shared/manifest.ts';
import { Held } from '../../shared/outside-error.ts';
import type { Rung } from '../../shared/policy.ts';
import type { State } from '../../shared/state.ts';
import type { SwitchRun } from './run.ts';

/**
 * How long a claim on a rung holds. Its run renews it while it works; one that died is taken over after this.
 */
const LEASE_MS = 90_000;
const RENEW_AFTER_MS = 20_000;

/** How often, and how far apart, a rung is looked at that another run holds, before this event gives up for now. */
const HELD_LOOKS = 10;
const HELD_PAUSE_MS = 1_500;

export type Claimed =
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
 * {@link Held} when that takes longer, so that this event comes again.
 */
export async function claimRung(
  run: SwitchRun,
  state: State,
  key: ManifestKey,
  rung: Rung,
): Promise<Claimed> {
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
      throw new Held(`Cannot fire ${rung.do} on "${key.project}": another run holds it`);
    await run.runtime.sleep(HELD_PAUSE_MS);
  }
}

/** Writes what a claimed rung will take away. Nothing may be taken away before this has returned. */
export async function recordPlan(
  run: SwitchRun,
  state: State,
  key: ManifestKey,
  rung: Rung,
  plan: RungPlan,
): Promise<void> {
  await changeOurs(run, state, key, rung, (known) => ({
    ...known,
    items: [...plan.items],
    left: [...plan.left],
    complete: plan.complete,
  }));
}

/** Follows the work on a claimed rung: notes each item, and renews the claim while the work goes on. */
export function followProgress(
  run: SwitchRun,
  state: State,
  key: ManifestKey,
  rung: Rung,
  planned: readonly ManifestItem[],
) {
  const items = new Map(planned.map((item) => [item.resource, item]));
  let savedAtMs = run.runtime.now().getTime();
  const save = async (): Promise<void> => {
    savedAtMs = run.runtime.now().getTime();
    await changeOurs(run, state, key, rung, (known) => ({ ...known, items: [...items.values()] }));
  };
  return {
    async done(item: ManifestItem): Promise<void> {
      items.set(item.resource, item);
      if (run.runtime.now().getTime() - savedAtMs > RENEW_AFTER_MS) await save();
    },
    save,
    items: (): readonly ManifestItem[] => [...items.values()],
  };
}

/** Closes a rung: it has fired, or, with something left to do, it is free for the next message at once. */
export async function settleRung(
  run: SwitchRun,
  state: State,
  key: ManifestKey,
  rung: Rung,
  items: readonly ManifestItem[],
): Promise<void> {
  const nowMs = run.runtime.now().getTime();
  await changeOurs(run, state, key, rung, (known) => {
    const finished =
      known.complete !== false && items.every((item) => item.status === 'done' || item.status === 'already');
    return {
      ...known,
      items: [...items],
      ...(finished ? { status: 'done', firedAtMs: nowMs } : { leaseUntilMs: nowMs }),
    };
  });
}

/** Gives a claim back, with nothing done, so that the next delivery need not wait for its end. */
export async function releaseRung(run: SwitchRun, state: State, key: ManifestKey, rung: Rung): Promise<void> {
  await changeOurs(run, state, key, rung, (known) => ({
    ...known,
    leaseUntilMs: run.runtime.now().getTime(),
  }));
}

/** Changes the record of a rung that this run holds, and renews its claim. Throws {@link Held} when the claim was lost. */
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
      throw new Held(`Cannot go on with ${rung.do} on "${key.project}": another run took it over`);
    return withRung(manifest, change({ ...known, leaseUntilMs: run.runtime.now().getTime() + LEASE_MS }));
  });
}

function withRung(manifest: Manifest, rung: ManifestRung): Manifest {
  const others = manifest.rungs.filter((one) => one.do !== rung.do);
  return { ...manifest, rungs: [...others, rung].sort((a, b) => a.at - b.at) };
}
