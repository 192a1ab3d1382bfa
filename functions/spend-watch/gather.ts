import { PermanentError } from '../../shared/errors.ts';
import { readResources, type ResourceInventory } from '../../shared/resources/inventory.ts';
import type { Gap } from '../../shared/run/receipt.ts';
import type { Run } from '../../shared/run/sweep.ts';
import type { SeenNow } from '../../shared/spend/accrue.ts';
import { runsSince } from '../../shared/spend/ended.ts';
import { ledgerObject, parseLedger, type Ledger } from '../../shared/spend/ledger.ts';
import { endedSince, regionOf, worksSomewhere } from '../../shared/spend/region-looks.ts';
import type { State } from '../../shared/state/state.ts';
import { readIdleGpus } from './anomalies/idle-gpus.ts';
import type { Config } from './config.ts';
import type { ProjectFacts } from './facts.ts';
import { gatherBudgets } from './gather-budgets.ts';
import { isRegional, REGIONAL_COLLECTIONS, WATCHED_KINDS } from './kinds.ts';
import { hiddenBy, type Hidden } from './looks/disabled.ts';
import { planLook } from './looks/plan.ts';
import { billing, ended } from './seen.ts';

/** Of listings in a text. */
const MAX_NAMED = 5;

/** One look at the run's project: what runs there, its ledger, and the budgets that this event estimates. */
export async function* gatherSpend(run: Run, config: Config): AsyncGenerator<readonly ProjectFacts[]> {
  const { api, projectId, state } = run;
  if (state === undefined)
    throw new PermanentError('Cannot keep a ledger: the policy has no state bucket; add state: gs://BUCKET');
  const nowMs = run.startedAt.getTime();
  const before = await readOwnLedger(run, state, nowMs);
  const isWatched = (region: string): boolean =>
    config.regions.length === 0 || config.regions.includes(region);
  const { callsPerLook } = config;
  const plan = planLook(before, { nowMs, callsPerLook, collections: REGIONAL_COLLECTIONS, isWatched });
  const skipped = new Set<string>();
  const unwatched = new Set<string>();
  const isSkipped = (listing: string): boolean => {
    if (isRemembered(before, listing, nowMs) && !plan.holds(listing)) return true;
    if (!isWatched(regionOf(listing))) unwatched.add(listing);
    else if (plan.isSkipped(listing)) skipped.add(listing);
    return unwatched.has(listing) || skipped.has(listing);
  };
  const [inventory, budgets] = await Promise.all([
    readResources({ api, now: run.startedAt }, projectId, WATCHED_KINDS, isSkipped, {
      regions: plan.regions,
      formerRegions: Object.keys(before?.looks?.regions ?? {}),
      holds: plan.holds,
      endedSince: (listing) => endedSince(before?.looks, listing, nowMs),
      runsSince: (listing) => runsSince(before, listing, nowMs),
      works: (collection) => worksSomewhere(before?.looks, collection, nowMs),
    }),
    gatherBudgets(state, config.budgets, { project: projectId, nowMs, earlier: run.earlier }),
  ]);
  const gpus = await readIdleGpus(run, config, inventory.resources, before);
  const hidden = hiddenBy(inventory, before, nowMs);
  for (const listing of hidden.unlisted) skipped.add(listing);
  const missed = missedOf(inventory, hidden, plan.untried);
  for (const gap of missed.gaps) run.gap(gap);
  yield [
    {
      seen: {
        project: projectId,
        atMs: run.runtime.now().getTime(),
        resources: billing(inventory.resources, config),
        ended: ended(inventory.ended, config),
        ...missed,
        skipped,
      },
      before,
      ...budgets,
      gpus,
      notOffered: inventory.notOffered.map(({ what }) => what),
      looked: {
        ...{ startedMs: nowMs, listedRegions: inventory.listedRegions },
        isOff: hidden.isVertexOff,
        ...{ skipped, unwatched },
        ...{ regions: inventory.regions, listings: hidden.listings },
      },
    },
  ];
}

/** What could not be seen. The next look comes in minutes: an event that failed would only repeat this one. */
function missedOf(
  { projectId, gaps: failed }: ResourceInventory,
  { gaps: off, kinds }: Hidden,
  untried: readonly string[],
): Pick<SeenNow, 'complete' | 'hiddenKinds'> & { readonly gaps: Gap[] } {
  // Listings that failed before Vertex AI was disabled are part of what that hides.
  const waiting = [...kinds].some(isRegional) ? [] : untriedGap(projectId, untried);
  const gaps = [...[...failed, ...off].map(({ where, why }) => ({ where, why })), ...waiting];
  const isOnlyHidden = off.length > 0 && gaps.length === off.length;
  return { complete: gaps.length === 0, gaps, ...(isOnlyHidden ? { hiddenKinds: kinds } : {}) };
}

/** What failed in the last look and is not tried in this one is not known either. */
function untriedGap(projectId: string, untried: readonly string[]): readonly Gap[] {
  if (untried.length === 0) return [];
  const named = untried.slice(0, MAX_NAMED).join(', ');
  return [
    {
      where: `projects/${projectId} Vertex AI`,
      why: `${untried.length} listings that failed are tried in turn with the next looks: ${named}${untried.length > MAX_NAMED ? ', …' : ''}`,
    },
  ];
}

function isRemembered(ledger: Ledger | undefined, what: string, nowMs: number): boolean {
  return (ledger?.notOffered?.[what] ?? 0) > nowMs;
}

/** One that cannot be used begins anew, which the log says; one of a later version is left alone. */
async function readOwnLedger(
  { projectId, log, runId }: Run,
  state: State,
  nowMs: number,
): Promise<Ledger | undefined> {
  const stored = await state.read(ledgerObject(projectId));
  const read = parseLedger(projectId, stored?.text, nowMs);
  if (read.kind === 'ledger') return read.ledger;
  const object = `gs://${state.bucket}/${ledgerObject(projectId)}`;
  if (read.kind === 'newer') throw new PermanentError(`Cannot use "${object}": ${read.why}`);
  if (stored !== undefined)
    log(
      'WARNING',
      `Begins "${object}" anew: ${read.why}; what accrued before is known by reported cost alone`,
      {
        runId,
      },
    );
  return undefined;
}
