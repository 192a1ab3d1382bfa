import { messageOf } from '../../../shared/errors.ts';
import { noteRungsInForce } from '../../../shared/state/rungs-in-force.ts';
import { readManifest, type Grace, type Manifest } from '../../../shared/state/manifest.ts';
import { BusyError, isRetryable } from '../../../shared/google/google-api-error.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import type { ReceiptBuilder } from '../../../shared/run/receipt.ts';
import type { ProjectLease } from '../../../shared/state/lease.ts';
import { stopResources } from '../act.ts';
import { estimatedWhy } from '../estimate/evidence.ts';
import type { NoteGap } from '../gather.ts';
import { dropExcess, endsByEstimate, graceOf, sayExcess, sayGrace, sayUnlinkInGrace } from './grace.ts';
import { holdRungs, keyOf, spentOf, type Due } from './hold.ts';
import { isOpen, withIntent } from './items.ts';
import { asBeforeOthers, mergePlans, withoutFalseReturns } from './merge-plans.ts';
import { leaveToNewer } from '../message/leave-to-newer.ts';
import { noteGrace, noteSpent } from './note-spent.ts';
import { planNow, type FreshPlan } from './plan-now.ts';
import { keepFired, reportRung, sayLeft } from './report-rung.ts';
import { alertOf, verbOf } from './rung-alert.ts';
import { sayBurning } from './say-burning.ts';
import { isFired, openRung, plannedBefore } from './ladder.ts';
import { limitPlan, mostUrgentFirst, sayOver, withoutPlanned, type Allowance } from './limit.ts';
import type { SwitchRun } from '../run.ts';
import { causeToUnlink } from '../settle/cause-to-unlink.ts';
import { freeHandSince } from '../settle/free-hand.ts';
import { holdsCompute } from '../settle/held-since.ts';
import { isBurnNew, mayBurnOn, mayHaveRunSince, settlingAfter } from '../settle/in-effect.ts';
import { asBeforeOtherStops } from '../settle/other-stops.ts';
import type { ReadOthers } from '../settle/others.ts';

/** What firing rungs on one project goes by. */
export interface Firing {
  readonly due: Due;
  readonly run: SwitchRun;
  /** The alert in words. */
  readonly text: string;
  readonly receipt: ReceiptBuilder;
  readonly gap: NoteGap;
  readonly allowance: Allowance;
  readonly others: ReadOthers;
  /** Runs a step whose failure belongs into the receipt and does not end the run. Returns what it threw. */
  readonly attempt: (resource: string, step: () => Promise<void>) => Promise<unknown>;
}

const NOTHING = { manifest: undefined };

/** How many a rung, or all, leave for the next look. */
interface Fired {
  readonly over: number;
}
const NOTHING_OVER: Fired = { over: 0 };
const LEFT_TO_NEWER: Fired = { over: 1 };

/**
 * Holds the due rungs on one project: those that have not fired do, in order, and what came back under one that has is taken away
 * again. All under one lease.
 */
export async function fireRungs(firing: Firing, dueRungs: readonly Rung[]): Promise<Fired> {
  const { due, run } = firing;
  const { manifest } = run.state === undefined ? NOTHING : await readManifest(run.state, keyOf(due, run));
  const rungs = withoutEstimated(firing, manifest, dueRungs);
  const left = dueRungs.find((rung) => !rungs.includes(rung));
  const highest = rungs.at(-1);
  if (left !== undefined && manifest !== undefined) {
    const found = highest === undefined ? await planNow(firing, left) : undefined;
    sayUnlinkInGrace(firing, left, manifest, found);
  }
  if (highest === undefined) return NOTHING_OVER;
  const grace = manifest === undefined ? undefined : graceNow(firing, manifest);
  if (grace !== undefined) {
    await sayInGrace(firing, highest, grace, manifest?.grace);
    return NOTHING_OVER;
  }
  if (manifest !== undefined) sayExcess(firing, manifest);
  await tellOthers(firing, rungs);
  if (manifest !== undefined) await noteSpent(due, run, manifest);
  if (due.config.mode === 'observe') {
    return inOrder(firing, rungs, (rung) => planOnly(firing, manifest, rung));
  }
  const quiet = manifest === undefined ? undefined : await quietPlan(firing, manifest, rungs, highest);
  const isDone = (stored: Manifest): boolean =>
    quiet !== undefined && rungs.every((rung) => isFired(stored, rung));
  const held = await holdRungs(due, run, rungs, isDone, (lease) => fireHeld(firing, lease, rungs));
  if (held !== undefined) {
    if (held.grace !== undefined) await sayInGrace(firing, highest, held.grace);
    return held;
  }
  if (quiet !== undefined) sayBurning(firing, highest, quiet.burning, 'done');
  for (const rung of rungs) keepFired(firing, rung, rung === highest ? quiet : undefined);
  return NOTHING_OVER;
}

/** Fires the rungs on a project that this run holds; nothing in a grace, which a restore may have opened before the lease was taken. */
async function fireHeld(
  firing: Firing,
  lease: ProjectLease,
  rungs: readonly Rung[],
): Promise<Fired & { readonly grace?: Grace }> {
  const grace = graceNow(firing, lease.manifest());
  if (grace !== undefined) return { ...NOTHING_OVER, grace };
  await dropExcess(firing, lease);
  const inForce = withoutEstimated(firing, lease.manifest(), rungs);
  return inOrder(firing, inForce, (rung) => fireRung(firing, lease, rung));
}

/**
 * One rung after the other. One that has more to do than a run may keeps those above it for the next look, and one that failed where a
 * retry may help keeps unlinking: what it would have stopped, or found running, is not known.
 */
async function inOrder(
  firing: Firing,
  rungs: readonly Rung[],
  step: (rung: Rung) => Promise<Fired>,
): Promise<Fired> {
  let failed: Failed | undefined;
  for (const rung of rungs) {
    if (failed !== undefined && rung.do === 'unlink-billing') {
      sayWaitsForRetry(firing, rung, failed);
      continue;
    }
    let fired = NOTHING_OVER;
    const error = await firing.attempt(`projects/${firing.run.projectId}`, async () => {
      fired = await step(rung);
    });
    // One rung's failure does not keep the next from firing: the money is being spent meanwhile. Another run that took over
    // goes on to the next by itself.
    if (error instanceof BusyError || fired.over > 0) return fired;
    if (isRetryable(error)) failed ??= { rung, error };
  }
  return NOTHING_OVER;
}

/** A rung that threw where a retry may help. */
interface Failed {
  readonly rung: Rung;
  readonly error: unknown;
}

function sayWaitsForRetry(firing: Firing, rung: Rung, failed: Failed): void {
  const why = `${failed.rung.do} failed: ${messageOf(failed.error)}`;
  const text = `${rung.do} waits on ${firing.run.projectId}: ${why}. The next delivery or tick looks again: a retry may help`;
  sayLeft(firing, rung, { reason: 'rung-failed', why, text });
}

/** Other functions start nothing that a rung in force stops. When it cannot be said, what they start is stopped again. */
async function tellOthers({ due, run }: Firing, rungs: readonly Rung[]): Promise<void> {
  const { runtime, state, log, projectId } = run;
  // Observing, no rung is in force.
  if (state === undefined || due.config.mode === 'observe') return;
  const actions = rungs.map((rung) => rung.do);
  const { period } = keyOf(due, run);
  const estimated = rungs.flatMap((rung) => (estimatedWhy(due.verdict, rung) === undefined ? [] : [rung.do]));
  const said = { budget: due.budget.name, rungs: actions, estimated, atMs: runtime.now().getTime(), period };
  try {
    await noteRungsInForce(state, runtime, projectId, said);
  } catch (error) {
    log('WARNING', `Cannot say which rungs are in force on ${projectId}: ${messageOf(error)}`);
  }
}

/** The grace that a restore opened and that is not used up. */
function graceNow({ due, run }: Firing, manifest: Manifest): Grace | undefined {
  return graceOf(manifest, spentOf(due), run.runtime.now().getTime());
}

/** The rungs but for unlinking, where the grace has ended by an estimate alone. */
function withoutEstimated(
  { due, run }: Firing,
  manifest: Manifest | undefined,
  rungs: readonly Rung[],
): readonly Rung[] {
  return endsByEstimate(due, manifest, run.runtime.now().getTime())
    ? rungs.filter((rung) => rung.do !== 'unlink-billing')
    : rungs;
}

/** In a grace no rung is in force, and it is said what runs. `known`: the grace as it was read. */
async function sayInGrace(firing: Firing, highest: Rung, grace: Grace, known?: Grace): Promise<void> {
  await tellOthers(firing, []);
  await noteGrace(firing.due, firing.run, known, grace);
  sayGrace(firing, highest, grace, await planNow(firing, highest));
}

/** What there is where all rungs have fired and nothing that they cover runs: then there is nothing to take the lease for. */
async function quietPlan(
  firing: Firing,
  manifest: Manifest,
  rungs: readonly Rung[],
  highest: Rung,
): Promise<FreshPlan | undefined> {
  if (!rungs.every((rung) => isFired(manifest, rung))) return undefined;
  const plan = await planNow(firing, highest);
  const isQuiet =
    plan.complete &&
    plan.items.length === 0 &&
    !isOffAnew(firing, manifest, highest, plan) &&
    !isBurnNew(manifest, highest, plan);
  return isQuiet ? plan : undefined;
}

/**
 * Whether a project that a restore brought back after the rung fired was deleted or lost its billing since: the rung is closed again, for
 * until now its cost went on.
 */
function isOffAnew(
  { due }: Firing,
  { rungs, grace }: Manifest,
  rung: Rung,
  { nothingLeft }: FreshPlan,
): boolean {
  const firedAtMs = rungs.find((one) => one.do === rung.do)?.firedAtMs ?? 0;
  // Where what burns is not held, it is held since now at each look, and the rung would be closed again with each.
  const heldSinceMs = holdsCompute(due.config.ladder, due.verdict) ? due.heldSinceMs : undefined;
  return nothingLeft !== undefined && mayHaveRunSince({ grace }, firedAtMs, { amount: 0, heldSinceMs });
}

/** Keeps that something burns by now that the rung does not stop, or that it burns no more. */
async function noteBurns(firing: Firing, lease: ProjectLease, rung: Rung, fresh: FreshPlan): Promise<void> {
  if (!isBurnNew(lease.manifest(), rung, fresh)) return;
  const { due, run } = firing;
  const by = { amount: spentOf(due).amount, heldSinceMs: due.heldSinceMs };
  const nowMs = run.runtime.now().getTime();
  await lease.update((manifest) => ({
    ...manifest,
    settling: settlingAfter(manifest, by, nowMs, mayBurnOn(rung, fresh)),
  }));
}

/** What a rung would do now, in the receipt alone. */
async function planOnly(firing: Firing, manifest: Manifest | undefined, rung: Rung): Promise<Fired> {
  const fresh = await planNow(firing, rung);
  const { left, running, burning, kept } = fresh;
  const earlier = plannedBefore(manifest, rung);
  const hadFreeHand = freeHandSince(manifest ?? {}, firing.due.freeHandUntilMs);
  const found = asBeforeOthers(fresh, rung, manifest, hadFreeHand);
  const merged = withoutPlanned(
    mergePlans(earlier, found, manifest?.restored, hadFreeHand),
    firing.allowance,
  );
  const { plan, over } = limitPlan(firing.allowance, rung, merged, earlier, running);
  const isOver = new Set(over.map((item) => item.resource));
  const items = plan.items.filter(
    (item) => isOpen(item) && !isOver.has(item.resource) && !kept.has(item.resource),
  );
  if (earlier !== undefined && fresh.complete && over.length === 0 && items.length === 0) {
    sayBurning(firing, rung, burning, 'has nothing to take');
    keepFired(firing, rung, fresh);
    return NOTHING_OVER;
  }
  const cause = await causeToUnlink(firing, rung, fresh, manifest);
  if (cause === undefined) return NOTHING_OVER;
  reportRung(firing, rung, {
    ...{ items: plan.items, touched: items, left, unseen: fresh.unseen, resumed: earlier !== undefined },
    ...{ running, burning, over: over.length, cause, isPlan: true },
  });
  // Where a run before it has planned all that it may take, the receipt has no decision that is logged.
  if (earlier !== undefined && items.length === 0) sayBurning(firing, rung, burning, 'not done yet');
  sayOver(firing, rung, over, running);
  return { over: over.length };
}

/**
 * Fires one rung on one project, or holds it: plan, write the manifest, and only then take away. What is already off, or is dealt
 * with, costs no request.
 */
async function fireRung(firing: Firing, lease: ProjectLease, rung: Rung): Promise<Fired> {
  const { due, run } = firing;
  const wasFired = isFired(lease.manifest(), rung);
  const { earlier, record, work, close } = openRung(run, lease, rung, spentOf(due), due.heldSinceMs);
  const lookedAtMs = run.runtime.now().getTime();
  const fresh = await planNow(firing, rung);
  const asFirst = await asBeforeOtherStops(firing, fresh, lookedAtMs);
  const manifest = lease.manifest();
  const hadFreeHand = freeHandSince(manifest, due.freeHandUntilMs);
  const found = asBeforeOthers(asFirst, rung, manifest, hadFreeHand);
  const merged = mergePlans(earlier, found, manifest.restored, hadFreeHand);
  const { plan, over } = limitPlan(firing.allowance, rung, merged, earlier, fresh.running);
  const isOver = new Set(over.map((item) => item.resource));
  const chosen = plan.items.filter((item) => isOpen(item) && !isOver.has(item.resource));
  const open = new Set(mostUrgentFirst(chosen, fresh.running).map(({ resource }) => resource));
  const present = withIntent(plan, found.items, open);
  const isDealtWith = fresh.complete && over.length === 0 && open.size === 0;
  if (wasFired && isDealtWith && !isOffAnew(firing, lease.manifest(), rung, fresh)) {
    await noteBurns(firing, lease, rung, fresh);
    sayBurning(firing, rung, fresh.burning, 'done');
    keepFired(firing, rung, fresh);
    return NOTHING_OVER;
  }
  if (await leaveToNewer(firing, rung)) return LEFT_TO_NEWER;
  const cause = await causeToUnlink(firing, rung, fresh, lease.manifest(), lease);
  if (cause === undefined) return NOTHING_OVER;
  await record(present);
  // What cannot be seen is not in the manifest, and without billing it will not run any more when it can be. The next delivery
  // looks again, and unlinks in any case.
  if (rung.do === 'unlink-billing' && earlier === undefined && !present.complete)
    throw new BusyError(`Cannot unlink "${run.projectId}" yet: not all of it could be looked at`);
  // What cannot be looked at at all is looked for again with each message; there is nothing to alert about in that.
  if (earlier === undefined || open.size > 0 || fresh.nothingLeft !== undefined)
    run.log('WARNING', alertOf(firing, rung, verbOf(earlier, wasFired), fresh, cause), {
      alert: 'budget-rung',
      budget: due.budget.name,
      rung: rung.do,
      runId: run.runId,
    });
  const progress = work(present.items);
  const late = await stopResources(run, { ...due.config, kept: fresh.kept }, rung.do, progress, open);
  const items = progress.items();
  reportRung(firing, rung, {
    items,
    touched: items.filter((item) => open.has(item.resource)),
    left: present.left,
    unseen: fresh.unseen,
    resumed: earlier !== undefined,
    running: fresh.running,
    burning: fresh.burning,
    over: over.length,
    cause,
  });
  sayOver(firing, rung, over, fresh.running);
  const isDone = fresh.complete && over.length === 0 && !items.some(isOpen);
  sayBurning(firing, rung, fresh.burning, isDone ? 'done' : 'not done yet');
  await close(withoutFalseReturns(items, earlier?.items ?? []), mayBurnOn(rung, fresh));
  return { over: over.length + late };
}
