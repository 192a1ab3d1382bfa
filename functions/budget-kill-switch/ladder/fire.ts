import type { Budget } from '../../../shared/google/budgets.ts';
import { PermanentError } from '../../../shared/errors.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { LeftAlone, ManifestItem } from '../../../shared/state/manifest.ts';
import { BusyError } from '../../../shared/google/google-api-error.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import type { ReceiptBuilder } from '../../../shared/run/receipt.ts';
import { holdProject, type ProjectLease } from '../../../shared/state/lease.ts';
import type { State } from '../../../shared/state/state.ts';
import { stopResources } from '../act.ts';
import type { Config } from '../config.ts';
import { planRung, type Verdict } from '../decide.ts';
import { gatherInventory, type NoteGap } from '../gather.ts';
import { isOpen, settled } from './items.ts';
import { decisionOn, reasonOf, report } from './report-rung.ts';
import { isFired, openRung, type RungPlan } from './ladder.ts';
import type { Notification } from '../message/notification.ts';
import { periodKey } from '../message/period.ts';
import type { SwitchRun } from '../run.ts';

/** A message that makes rungs due. */
export interface Due {
  readonly context: EventContext;
  readonly config: Config;
  readonly notification: Notification;
  readonly budget: Budget;
  readonly verdict: Extract<Verdict, { kind: 'due' }>;
  /** Spent per hour; undefined when not known. */
  readonly rate: number | undefined;
}

/** What firing rungs on one project goes by. */
export interface Firing {
  readonly due: Due;
  readonly run: SwitchRun;
  /** The alert in words. */
  readonly text: string;
  readonly receipt: ReceiptBuilder;
  readonly gap: NoteGap;
  /** Runs a step whose failure belongs into the receipt and does not end the run. Returns what it threw. */
  readonly attempt: (resource: string, step: () => Promise<void>) => Promise<unknown>;
}

/** Fires the due rungs on one project, in order, under one lease. */
export async function fireRungs(firing: Firing, rungs: readonly Rung[]): Promise<void> {
  const { due, run, receipt, attempt } = firing;
  const resource = `projects/${run.projectId}`;
  if (due.config.mode === 'observe') {
    for (const rung of rungs) await attempt(resource, () => planOnly(firing, rung));
    return;
  }
  const firedBefore = (rung: Rung): void => {
    receipt.keep(decisionOn(resource, 'keep', 'fired-before', { rung: rung.do }));
  };
  const held = await holdRungs(due, run, rungs, async (lease) => {
    for (const rung of rungs) {
      if (isFired(lease.manifest(), rung)) {
        firedBefore(rung);
        continue;
      }
      const error = await attempt(resource, () => fireRung(firing, lease, rung));
      // One rung's failure does not keep the next from firing: the money is being spent meanwhile. Another run that took over
      // goes on to the next by itself.
      if (error instanceof BusyError) break;
    }
    return 'held';
  });
  if (held === undefined) rungs.forEach(firedBefore);
}

/** Holds a project of the budget while there is a rung that has not fired; undefined where all have. */
export async function holdRungs<T>(
  { context: { state, runtime }, notification }: Due,
  { runId, projectId }: SwitchRun,
  rungs: readonly Rung[],
  work: (lease: ProjectLease) => Promise<T>,
): Promise<T | undefined> {
  const { sleep, random } = runtime;
  return holdProject(
    { state: requireState(state), sleep, random, nowMs: () => runtime.now().getTime() },
    { budget: notification.budget, period: periodKey(notification.periodStartMs), project: projectId },
    {
      by: runtime.functionName,
      runId,
      doing: `fire ${rungs.map((rung) => rung.do).join(', ')}`,
      isNeeded: (manifest) => rungs.some((rung) => !isFired(manifest, rung)),
    },
    work,
  );
}

function requireState(state: State | undefined): State {
  if (state === undefined)
    throw new PermanentError(
      'Cannot take anything away: the policy names no "state" bucket for the restore manifest',
    );
  return state;
}

/** What a rung would do now, in the receipt alone. */
async function planOnly(firing: Firing, rung: Rung): Promise<void> {
  const { receipt, run } = firing;
  const { items, left } = await planNow(firing, rung);
  report(receipt, rung, items, left, () => 'planned');
  receipt.add({
    ...decisionOn(`projects/${run.projectId}`, rung.do, reasonOf(rung), {
      items: items.length,
      left: left.length,
    }),
    outcome: 'planned',
  });
}

/** A plan from what is there now, and what could not be looked at. */
interface FreshPlan extends RungPlan {
  readonly unseen: readonly Unseen[];
}

async function planNow({ due, run, receipt, gap }: Firing, rung: Rung): Promise<FreshPlan> {
  const { config, budget } = due;
  const unseen: Unseen[] = [];
  const inventory = await gatherInventory({ ...run, mode: config.mode }, rung.do, (one) => {
    unseen.push(one);
    gap(one);
  });
  for (const { what, why } of inventory.notOffered)
    receipt.keep(decisionOn(`projects/${run.projectId} Vertex AI ${what}`, 'keep', 'not-offered', { why }));
  if (unseen.length > 0)
    // What cannot be seen goes on costing money: never "done", and said with every message.
    run.log('ERROR', incompleteText(rung, run.projectId, unseen), {
      alert: 'budget-rung',
      budget: budget.name,
      rung: rung.do,
      runId: run.runId,
      unseen: unseen.slice(0, MAX_SHOWN).map(placeText),
    });
  const now = run.runtime.now();
  const { items, left } = planRung(rung.do, inventory, config, now);
  return {
    items: items.map((item) => ({ ...item, atMs: now.getTime() })),
    left: rung.do === 'unlink-billing' ? [...left, ...unseen.map(toUnseen)] : left,
    complete: unseen.length === 0,
    unseen,
  };
}

/** Fires one rung on one project: plan, write the manifest, and only then take away. */
async function fireRung(firing: Firing, lease: ProjectLease, rung: Rung): Promise<void> {
  const { due, run } = firing;
  const { earlier, record, work, close } = openRung(run, lease, rung);
  const fresh = earlier?.complete === true ? undefined : await planNow(firing, rung);
  const present = fresh === undefined ? earlier : mergePlans(earlier, fresh);
  if (present === undefined) return;
  if (fresh !== undefined) await record(present);
  // What cannot be seen is not in the manifest, and without billing it will not run any more when it can be. The next delivery
  // looks again, and unlinks in any case.
  if (rung.do === 'unlink-billing' && earlier === undefined && !present.complete)
    throw new BusyError(`Cannot unlink "${run.projectId}" yet: not all of it could be looked at`);
  const open = new Set(present.items.filter(isOpen).map((item) => item.resource));
  // What cannot be looked at at all is looked for again with each message; there is nothing to alert about in that.
  if (earlier === undefined || open.size > 0)
    run.log(
      'WARNING',
      `${rung.do} ${earlier === undefined ? 'fires' : 'goes on'} on ${run.projectId}: ${firing.text}`,
      { alert: 'budget-rung', budget: due.budget.name, rung: rung.do, runId: run.runId },
    );
  const progress = work(present.items);
  await stopResources(run, due.config, rung.do, progress);
  const items = progress.items();
  reportRung(firing, rung, {
    items,
    touched: items.filter((item) => open.has(item.resource)),
    left: present.left,
    unseen: fresh?.unseen ?? [],
    resumed: earlier !== undefined,
  });
  await close(items);
}

interface RungEnd {
  readonly items: readonly ManifestItem[];
  /** Those that this run dealt with. */
  readonly touched: readonly ManifestItem[];
  readonly left: RungPlan['left'];
  readonly unseen: readonly Unseen[];
  readonly resumed: boolean;
}

function reportRung({ run, receipt }: Firing, rung: Rung, end: RungEnd): void {
  const { items, touched, left, unseen, resumed } = end;
  report(receipt, rung, touched, left, (item) => (item.status === 'planned' ? 'failed' : item.status));
  if (resumed && touched.length === 0 && unseen.length === 0) return;
  receipt.add({
    ...decisionOn(`projects/${run.projectId}`, rung.do, reasonOf(rung), {
      items: items.length,
      left: left.length,
      resumed,
      ...(unseen.length > 0 ? { incomplete: unseen.slice(0, MAX_SHOWN).map(placeText) } : {}),
    }),
    outcome: items.some(isOpen) || unseen.length > 0 ? 'failed' : 'done',
  });
}

/** Places that one line of the log names. */
const MAX_SHOWN = 20;

type Unseen = Parameters<NoteGap>[0];

function incompleteText(rung: Rung, projectId: string, unseen: readonly Unseen[]): string {
  const [first = '', ...others] = unseen.map(placeText);
  const means =
    rung.do === 'unlink-billing'
      ? 'what runs there unseen stops with billing, is not in the restore manifest, and no restore brings it back'
      : 'what runs there unseen goes on';
  return `${rung.do} is incomplete on ${projectId}: ${means}: ${first}${others.length > 0 ? ` (and ${others.length} more)` : ''}`;
}

function placeText({ where, why }: Unseen): string {
  return `${where}: ${why}`;
}

/** The manifest says what it does not know: an operator has to look there once billing is back. */
function toUnseen({ where, why }: Unseen): LeftAlone {
  return { resource: where, reason: `not seen before billing was unlinked: ${why}`, unseen: true };
}

/** What could not be seen the first time joins what was planned then; that stays as it is. */
function mergePlans(earlier: RungPlan | undefined, fresh: RungPlan): RungPlan {
  const { items, left, complete } = fresh;
  if (earlier === undefined) return { items, left, complete };
  // Unlinked is unlinked: an operator who linked the project again since has seen to it.
  if (earlier.items.some((item) => item.kind === 'billing' && !isOpen(item)))
    return { ...earlier, items: earlier.items.map(settleWithBilling), complete: true };
  const known = new Set(earlier.items.map((item) => item.resource));
  return { left, complete, items: [...earlier.items, ...items.filter((item) => !known.has(item.resource))] };
}

function settleWithBilling(item: ManifestItem): ManifestItem {
  return isOpen(item) ? settled(item, { status: 'done' }) : item;
}
