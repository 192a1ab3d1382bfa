import { NotSent, type Claim } from '../google/change/permit.ts';
import { BusyError } from '../google/google-api-error.ts';
import type { Pauses } from './compare-and-swap.ts';
import { updateManifest, type Manifest, type ManifestKey } from './manifest.ts';
import type { State } from './state.ts';

/** A lease whose manifest was not written for this long is over: its run died. */
const LEASE_MS = 90_000;

/** A run that works on renews its lease after this. */
const RENEW_AFTER_MS = 20_000;

/**
 * No request leaves later than this after the lease was last written: what is under way then has arrived before another run may
 * take over. An instance that was frozen in between sends nothing when it wakes.
 */
const SENDS_MS = 60_000;

/** How often, and how far apart, a project is looked at that another run holds, before this event gives up for now. */
const BUSY_LOOKS = 10;
const BUSY_PAUSE_MS = 1_500;

/** A run's lease on one project of a budget: the only one that changes the project, and its manifest, meanwhile. */
export interface ProjectLease extends Claim {
  /** Changes the manifest and renews the lease. Throws `BusyError` when another run took over. */
  update(change: (manifest: Manifest) => Manifest): Promise<Manifest>;
  /** The manifest as this run last wrote it. */
  manifest(): Manifest;
}

/** Who requests a lease. */
export interface LeaseRequest {
  /** Deployed name of the function. */
  readonly by: string;
  readonly runId: string;
  /** What it is about to do, for those that meet the lease: `stop-compute`, `restore`. */
  readonly doing: string;
  /** Whether there is anything to do; undefined is returned when there is not. Called with each look. */
  readonly isNeeded: (manifest: Manifest) => boolean;
  /** How long to wait for another run, in looks; the usual number when absent. */
  readonly looks?: number;
}

export interface LeaseContext extends Pauses {
  readonly state: State;
  readonly nowMs: () => number;
}

/**
 * Holds the lease on a project while `work` runs. The switch and the restore share it, so that neither undoes what the other is at.
 * How old a lease is says Cloud Storage's clock alone. Throws `BusyError` when another run keeps it for longer than is waited.
 */
export async function holdProject<T>(
  context: LeaseContext,
  key: ManifestKey,
  request: LeaseRequest,
  work: (lease: ProjectLease) => Promise<T>,
): Promise<T | undefined> {
  const taken = await takeLease(context, key, request);
  if (taken === undefined) return undefined;
  const lease = followLease(context, key, request, taken);
  try {
    return await work(lease);
  } finally {
    try {
      await lease.update(withoutLease);
    } catch {
      // The lease then runs out by itself; what went wrong first is what counts.
    }
  }
}

function withoutLease(manifest: Manifest): Manifest {
  const freed = { ...manifest };
  delete freed.lease;
  return freed;
}

/**
 * Changes the manifest of a project that no run holds. The lease of a run that died goes with it: a write would prolong it, and what that
 * run may still write is refused. Where a run holds the project, or `change` returns undefined, all stays as it is.
 */
export async function updateUnheld(
  state: State,
  key: ManifestKey,
  pauses: Pauses,
  change: (manifest: Manifest) => Manifest | undefined,
): Promise<Manifest> {
  return updateManifest(state, key, pauses, (stored, ageMs) =>
    stored.lease !== undefined && ageMs < LEASE_MS ? undefined : change(withoutLease(stored)),
  );
}

interface Taken {
  readonly manifest: Manifest;
  /** By this instance's clock, before the write left. */
  readonly writtenAtMs: number;
}

async function takeLease(
  { state, sleep, random, nowMs }: LeaseContext,
  key: ManifestKey,
  { by, runId, doing, isNeeded, looks = BUSY_LOOKS }: LeaseRequest,
): Promise<Taken | undefined> {
  for (let look = 1; ; look++) {
    const seen: { needed: boolean; holder: Manifest['lease']; atMs: number } = {
      needed: true,
      holder: undefined,
      atMs: 0,
    };
    const manifest = await updateManifest(state, key, { sleep, random }, (stored, ageMs) => {
      seen.needed = isNeeded(stored);
      // A lease of our own whose answer got lost is ours.
      seen.holder = stored.lease?.runId !== runId && ageMs < LEASE_MS ? stored.lease : undefined;
      seen.atMs = nowMs();
      return seen.needed && seen.holder === undefined
        ? { ...stored, lease: { by, runId, doing }, fence: (stored.fence ?? 0) + 1 }
        : undefined;
    });
    const { needed, holder, atMs } = seen;
    if (!needed) return undefined;
    if (holder === undefined) return { manifest, writtenAtMs: atMs };
    if (look >= looks)
      throw new BusyError(
        `Cannot ${doing} on "${key.project}": another run holds it: ${holder.by} is at ${holder.doing}, run ${holder.runId}`,
      );
    await sleep(BUSY_PAUSE_MS);
  }
}

function followLease(
  { state, sleep, random, nowMs }: LeaseContext,
  key: ManifestKey,
  { runId, doing }: LeaseRequest,
  taken: Taken,
): ProjectLease {
  let { manifest, writtenAtMs } = taken;
  const { fence } = manifest;
  let writing: Promise<unknown> = Promise.resolve();
  let confirming: Promise<unknown> | undefined;
  const write: ProjectLease['update'] = async (change) => {
    let atMs = 0;
    manifest = await updateManifest(state, key, { sleep, random }, (stored) => {
      if (stored.lease?.runId !== runId || stored.fence !== fence)
        throw new BusyError(`Cannot go on with ${doing} on "${key.project}": another run took it over`);
      atMs = nowMs();
      return change(stored);
    });
    writtenAtMs = atMs;
    return manifest;
  };
  const update: ProjectLease['update'] = (change) => {
    // One after the other: this run is not to meet itself.
    const next = writing.then(() => write(change));
    writing = next.catch(() => undefined);
    return next;
  };
  return {
    update,
    manifest: () => manifest,
    async confirm() {
      if (nowMs() - writtenAtMs <= RENEW_AFTER_MS) return;
      confirming ??= update((stored) => stored).finally(() => (confirming = undefined));
      await confirming;
    },
    check() {
      const ageMs = nowMs() - writtenAtMs;
      if (ageMs > SENDS_MS) throw new NotSent(`its lease was written ${Math.round(ageMs / 1_000)} s before`);
    },
  };
}
