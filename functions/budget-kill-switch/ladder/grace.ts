import { excessOf } from '../../../shared/state/grace-limits.ts';
import { manifestObject, type Grace, type Manifest } from '../../../shared/state/manifest.ts';
import type { ProjectLease } from '../../../shared/state/lease.ts';
import { burnOf, worstFirst } from '../../../shared/resources/inventory.ts';
import { atBurn, burnText, leftBurning } from '../../../shared/resources/left-burning.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import { decisionOn, keepBurning } from './report-rung.ts';
import type { Firing } from './fire.ts';
import type { FreshPlan } from './plan-now.ts';
import { burningEvidence } from './say-burning.ts';
import { toLeft } from './plan-rung.ts';
import { keyOf, reportedOf, spentOf, type Due } from './hold.ts';
import { percentText } from '../../../shared/units.ts';
import { graceText } from '../../../shared/state/grace-text.ts';
import type { Rung, RungAction } from '../../../shared/policy/policy.ts';

type Remembered = Pick<Manifest, 'grace'> & Partial<Pick<Manifest, 'spent' | 'rungs'>>;

/**
 * The grace in which the rungs of a project are not in force, as it is under the present amount; undefined when there is none, it is used
 * up, no restore can have given it, or the budget was raised since it was first seen: then the share of the new amount counts. Pure.
 */
export function graceOf(
  manifest: Remembered,
  spent: NonNullable<Manifest['spent']>,
  nowMs: number,
): Grace | undefined {
  const grace = unused(manifest, spent, nowMs);
  return grace === undefined || excessOf(grace, manifest, spent.share, nowMs) !== undefined
    ? undefined
    : grace;
}

/** As it is written, whether or not a restore can have given it. */
function unused(
  { grace }: Remembered,
  spent: NonNullable<Manifest['spent']>,
  nowMs: number,
): Grace | undefined {
  if (grace === undefined) return undefined;
  const present = underAmount(grace, spent.amount);
  const { untilMs, untilShare, amount } = present;
  if (untilMs === undefined && untilShare === undefined) return undefined;
  const isOver =
    (untilMs !== undefined && nowMs >= untilMs) ||
    (untilShare !== undefined && spent.share >= untilShare) ||
    (amount !== undefined && spent.amount > amount);
  return isOver ? undefined : present;
}

/** What no restore can have given of a grace: of one that is used up the moment that it began, of another one all. */
function excessNow({ run, due }: Firing, manifest: Manifest): string | undefined {
  const { grace } = manifest;
  if (grace === undefined) return undefined;
  const spent = spentOf(due);
  const nowMs = run.runtime.now().getTime();
  const { runId, sinceMs } = grace;
  return excessOf(unused(manifest, spent, nowMs) ?? { runId, sinceMs }, manifest, spent.share, nowMs);
}

/** Says that a grace that no restore can have given counts for nothing. */
export function sayExcess(firing: Firing, manifest: Manifest): void {
  const { run, due } = firing;
  const excess = excessNow(firing, manifest);
  if (excess === undefined) return;
  const object = `gs://${run.state?.bucket ?? ''}/${manifestObject(keyOf(due, run))}`;
  run.log(
    'ERROR',
    `Cannot use the grace in "${object}": ${excess}; the rungs on ${run.projectId} stay in force`,
    {
      budget: due.budget.name,
      runId: run.runId,
    },
  );
}

/** Forgets it, so that no decision to come counts from it. */
export async function dropExcess(firing: Firing, lease: ProjectLease): Promise<void> {
  if (excessNow(firing, lease.manifest()) === undefined) return;
  await lease.update((stored) => {
    const kept = { ...stored };
    delete kept.grace;
    return kept;
  });
}

/** A grace that was not seen yet has the present amount: where the budget was raised before, as much money is a smaller share. */
function underAmount(grace: Grace, amount: number): Grace {
  const { shareOf = amount, untilShare, ...rest } = grace;
  if (rest.amount !== undefined) return grace;
  const share = untilShare === undefined ? {} : { untilShare: untilShare * Math.min(1, shareOf / amount) };
  return { ...rest, ...share, amount };
}

/** Whether a grace has ended by an estimate alone: for unlinking, which no estimate may do, it goes on. Pure. */
export function endsByEstimate(due: Due, manifest: Manifest | undefined, nowMs: number): boolean {
  if (manifest === undefined || graceOf(manifest, spentOf(due), nowMs) !== undefined) return false;
  return graceOf(manifest, reportedOf(due), nowMs) !== undefined;
}

/**
 * Says that unlinking alone waits in a grace which an estimate has ended for the other rungs, and what runs where there are none that say
 * it.
 */
export function sayUnlinkInGrace(firing: Firing, rung: Rung, manifest: Manifest, found?: Found): void {
  const { due, run } = firing;
  const reported = reportedOf(due);
  const grace = graceOf(manifest, reported, run.runtime.now().getTime());
  if (grace === undefined) return;
  const why = `${restoredText(grace)}; ${percentText(reported.share)} is reported, and no estimate unlinks`;
  sayNotInForce(firing, rung, why, found);
}

function restoredText(grace: Grace): string {
  return `restored at ${new Date(grace.sinceMs).toISOString()}, in grace ${graceText(grace)}`;
}

/** Resources that one line names. */
const MAX_NAMED = 20;

type Found = Pick<FreshPlan, 'running' | 'burning' | 'complete' | 'foreign'>;

/** `2 run at $1.10/h: …`, of what the rung covers and what no rung stops; what was not looked at may run as well. */
function runningText(action: RungAction, { running, burning, complete, foreign }: Found): string {
  if (foreign !== undefined) return `what runs is not told: ${foreign}`;
  if (action === 'notify') return 'what runs was not looked at';
  const costs = new Set(leftBurning(burning).map(({ resource }) => resource));
  const all = [...running, ...burning.filter(({ resource }) => costs.has(resource))];
  const names = worstFirst(all).map(({ resource }) => resource.split('/').slice(-2).join('/'));
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
  const list = `${names.length} run ${atBurn(burnText(burnOf(all)))}: ${names.slice(0, MAX_NAMED).join(', ')}${more}`;
  const hasNotebooksAlone = action === 'stop-notebooks';
  const nothing = hasNotebooksAlone ? 'no notebook runs' : 'nothing that burns runs';
  const unseen = [
    ...(complete ? [] : ['not all could be looked at']),
    ...(hasNotebooksAlone ? ['other kinds were not looked at'] : []),
  ];
  const seen = complete ? nothing : 'nothing was seen to run';
  return [names.length === 0 ? seen : list, ...unseen].join('; ');
}

/** Nothing above a rung is ever silent: what runs in a grace is said with each message. */
export function sayGrace(firing: Firing, rung: Rung, grace: Grace, found: Found): void {
  sayNotInForce(firing, rung, restoredText(grace), found);
}

/** `found`: what runs; undefined where another rung says it. */
function sayNotInForce(
  { run, due, receipt }: Firing,
  rung: Rung,
  why: string,
  found: Found | undefined,
): void {
  const { foreign, running = [], burning: left = [] } = found ?? {};
  const burning = [...running.map(inGrace), ...left];
  const runs = found === undefined ? '' : `; ${runningText(rung.do, found)}`;
  run.log('WARNING', `${rung.do} is not in force on ${run.projectId}: ${why}${runs}`, {
    ...{ alert: 'budget-rung', budget: due.budget.name, rung: rung.do, runId: run.runId },
    ...burningEvidence(burning),
  });
  const decision = decisionOn(`projects/${run.projectId}`, 'keep', 'grace', {
    ...{ rung: rung.do, why },
    ...(found === undefined || foreign !== undefined ? {} : { running: running.length }),
    ...(foreign === undefined ? {} : { foreign }),
  });
  keepBurning({ receipt }, rung, decision, { left: burning.map(toLeft), burning });
}

/** What a rung would take goes on costing money while it is not in force. */
function inGrace(one: RunningResource): RunningResource {
  return one.fate.kind === 'stoppable'
    ? { ...one, fate: { kind: 'named', why: 'no rung is in force in the grace of a restore' } }
    : one;
}
