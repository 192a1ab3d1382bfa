import { PermanentError } from '../../shared/errors.ts';
import { readResources } from '../../shared/resources/inventory.ts';
import type { Gap } from '../../shared/run/receipt.ts';
import type { Run } from '../../shared/run/sweep.ts';
import { ledgerObject, parseLedger, type Ledger } from '../../shared/spend/ledger.ts';
import { regionOf, worksSomewhere } from '../../shared/spend/region-looks.ts';
import type { State } from '../../shared/state/state.ts';
import { readIdleGpus } from './anomalies/idle-gpus.ts';
import type { Config } from './config.ts';
import type { ProjectFacts } from './facts.ts';
import { gatherBudgets } from './gather-budgets.ts';
import { LISTINGS_PER_REGION, WATCHED_KINDS } from './kinds.ts';
import { planLook } from './looks/plan.ts';
import { billing } from './seen.ts';

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
  const plan = planLook(before, { nowMs, callsPerLook, listingsPerRegion: LISTINGS_PER_REGION, isWatched });
  const skipped = new Set<string>();
  const unwatched = new Set<string>();
  const isSkipped = (listing: string): boolean => {
    if (isRemembered(before, listing, nowMs) && !plan.holds(listing)) return true;
    if (!isWatched(regionOf(listing))) unwatched.add(listing);
    else if (plan.isSkipped(listing)) skipped.add(listing);
    return unwatched.has(listing) || skipped.has(listing);
  };
  const [inventory, budgets] = await Promise.all([
    readResources(api, projectId, WATCHED_KINDS, isSkipped, {
      regions: plan.regions,
      formerRegions: Object.keys(before?.looks?.regions ?? {}),
      holds: plan.holds,
      works: (collection) => worksSomewhere(before?.looks, collection, nowMs),
    }),
    gatherBudgets(state, config.budgets, projectId, nowMs),
  ]);
  const gpus = await readIdleGpus(run, config, inventory.resources, before);
  // The next look comes in minutes: an event that failed would only repeat this one.
  const gaps = [
    ...inventory.gaps.map(({ where, why }) => ({ where, why })),
    ...untriedGap(projectId, plan.untried),
  ];
  for (const gap of gaps) run.gap(gap);
  yield [
    {
      seen: {
        project: projectId,
        atMs: run.runtime.now().getTime(),
        resources: billing(inventory.resources, config),
        complete: gaps.length === 0,
        gaps,
        skipped,
      },
      before,
      ...budgets,
      gpus,
      notOffered: inventory.notOffered.map(({ what }) => what),
      looked: {
        ...{ startedMs: nowMs, listedRegions: inventory.listedRegions },
        // An error that is no gap says that the API is disabled.
        isOff: inventory.regions === undefined && inventory.gaps.length === 0,
        ...{ skipped, unwatched },
        ...{ regions: inventory.regions, listings: inventory.listings },
      },
    },
  ];
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
