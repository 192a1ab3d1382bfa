import type { Budget } from '../../../shared/google/budgets.ts';
import { PermanentError } from '../../../shared/errors.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { LeftAlone, ManifestItem, ManifestKey } from '../../../shared/state/manifest.ts';
import { BusyError } from '../../../shared/google/google-api-error.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import type { ReceiptBuilder } from '../../../shared/run/receipt.ts';
import type { State } from '../../../shared/state/state.ts';
import { isOpen, settled, stopResources } from '../act.ts';
import type { Config } from '../config.ts';
import { planRung, type Verdict } from '../decide.ts';
import { gatherInventory, type NoteGap } from '../gather.ts';
import { decisionOn, reasonOf, report } from './report-rung.ts';
import { holdRung, type HeldRung, type RungPlan } from './ladder.ts';
import type { Notification } from '../message/notification.ts';
import { periodKey } from '../message/period.ts';
import type { SwitchRun } from '../run.ts';

/** The notify rung is the budget's, not a project's; it keeps its state under this name. */
const WHOLE_BUDGET = '_budget';

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

/** Fires the notify rung: once per budget and period, where there is a state bucket to remember that in. */
export async function fireNotify(
  { context, config, notification, budget }: Due,
  runId: string,
  rung: Rung,
  text: string,
  receipt: ReceiptBuilder,
): Promise<void> {
  const { runtime, api, log, policy, state } = context;
  const decision = decisionOn(budget.name, 'notify', reasonOf(rung), { text });
  if (config.mode === 'observe') {
    receipt.add({ ...decision, outcome: 'planned' });
    return;
  }
  const publish = async (): Promise<readonly ManifestItem[]> => {
    // The field is what a log-based alert looks for.
    log('WARNING', text, { alert: 'budget-rung', budget: budget.name, rung: rung.do, runId });
    const topic = runtime.environment['NOTIFY_TOPIC'] ?? policy.receiptsTopic;
    if (topic !== undefined)
      await api.call('pubsub.topics.publish', () =>
        runtime.clients.publish(topic, JSON.stringify({ alert: 'budget-rung', budget: budget.name, text })),
      );
    receipt.add({ ...decision, outcome: 'done' });
    return [];
  };
  if (state === undefined) {
    await publish();
    return;
  }
  const run: SwitchRun = { ...context, runId, projectId: WHOLE_BUDGET, failure: () => undefined };
  const held = await holdRung(run, state, keyOf(notification, WHOLE_BUDGET), rung, publish);
  if (held === 'fired-before') receipt.keep({ ...decision, action: 'keep', reason: 'fired-before' });
}

/** Fires one rung on one project: claim, plan, write the manifest, and only then take away. */
export async function fireRung(
  { context, config, notification, budget }: Due,
  run: SwitchRun,
  rung: Rung,
  text: string,
  receipt: ReceiptBuilder,
  gap: NoteGap,
): Promise<void> {
  const { runtime, log, state } = context;
  const resource = `projects/${run.projectId}`;
  const unseen: { readonly where: string; readonly why: string }[] = [];
  const plan = async (): Promise<RungPlan> => {
    const inventory = await gatherInventory({ ...run, mode: config.mode }, rung.do, (one) => {
      unseen.push(one);
      gap(one);
    });
    for (const { what, why } of inventory.notOffered)
      receipt.keep(decisionOn(`${resource} Vertex AI ${what}`, 'keep', 'not-offered', { why }));
    const complete = unseen.length === 0;
    if (!complete)
      // What cannot be seen goes on costing money: never "done", and said with every message.
      log('ERROR', incompleteText(rung, run.projectId, unseen), {
        alert: 'budget-rung',
        budget: budget.name,
        rung: rung.do,
        runId: run.runId,
        unseen: unseen.slice(0, MAX_SHOWN).map(placeText),
      });
    const atMs = runtime.now().getTime();
    const { items, left } = planRung(rung.do, inventory, config, runtime.now());
    return {
      items: items.map((item) => ({ ...item, atMs })),
      left: rung.do === 'unlink-billing' ? [...left, ...unseen.map(toUnseen)] : left,
      complete,
    };
  };
  if (config.mode === 'observe') {
    const { items, left } = await plan();
    report(receipt, rung, items, left, () => 'planned');
    receipt.add({
      ...decisionOn(resource, rung.do, reasonOf(rung), { items: items.length, left: left.length }),
      outcome: 'planned',
    });
    return;
  }
  const fire = async ({ earlier, record, work }: HeldRung): Promise<readonly ManifestItem[]> => {
    const resumed = earlier !== undefined;
    const fresh = earlier?.complete === true ? undefined : await plan();
    const present = fresh === undefined ? earlier : mergePlans(earlier, fresh);
    if (present === undefined) return [];
    if (fresh !== undefined) await record(present);
    // What cannot be seen is not in the manifest, and without billing it will not run any more when it can be. The next
    // delivery looks again, and unlinks in any case.
    if (rung.do === 'unlink-billing' && !resumed && !present.complete)
      throw new BusyError(`Cannot unlink "${run.projectId}" yet: not all of it could be looked at`);
    const open = new Set(present.items.filter(isOpen).map((item) => item.resource));
    // What cannot be looked at at all is looked for again with each message; there is nothing to alert about in that.
    if (!resumed || open.size > 0)
      log('WARNING', `${rung.do} ${resumed ? 'goes on' : 'fires'} on ${run.projectId}: ${text}`, {
        alert: 'budget-rung',
        budget: budget.name,
        rung: rung.do,
        runId: run.runId,
      });
    const progress = work(present.items);
    await stopResources(run, config, rung.do, progress);
    const items = progress.items();
    const dealtWith = items.filter((item) => open.has(item.resource));
    report(receipt, rung, dealtWith, present.left, (item) =>
      item.status === 'planned' ? 'failed' : item.status,
    );
    if (resumed && open.size === 0 && unseen.length === 0) return items;
    const failed = items.some(isOpen) || unseen.length > 0;
    receipt.add({
      ...decisionOn(resource, rung.do, reasonOf(rung), {
        items: items.length,
        left: present.left.length,
        resumed,
        ...(unseen.length > 0 ? { incomplete: unseen.slice(0, MAX_SHOWN).map(placeText) } : {}),
      }),
      outcome: failed ? 'failed' : 'done',
    });
    return items;
  };
  const held = await holdRung(run, requireState(state), keyOf(notification, run.projectId), rung, fire);
  if (held === 'fired-before') receipt.keep(decisionOn(resource, 'keep', 'fired-before', { rung: rung.do }));
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

/** The manifest says what it does not know: a person has to look there once billing is back. */
function toUnseen({ where, why }: Unseen): LeftAlone {
  return { resource: where, reason: `not seen before billing was unlinked: ${why}`, unseen: true };
}

/** What could not be seen the first time joins what was planned then; that stays as it is. */
function mergePlans(earlier: RungPlan | undefined, fresh: RungPlan): RungPlan {
  if (earlier === undefined) return fresh;
  // Unlinked is unlinked: whoever linked the project again since has seen to it.
  if (earlier.items.some((item) => item.kind === 'billing' && !isOpen(item)))
    return { ...earlier, items: earlier.items.map(settleWithBilling), complete: true };
  const known = new Set(earlier.items.map((item) => item.resource));
  return { ...fresh, items: [...earlier.items, ...fresh.items.filter((item) => !known.has(item.resource))] };
}

function settleWithBilling(item: ManifestItem): ManifestItem {
  return isOpen(item) ? settled(item, { status: 'done' }) : item;
}

function keyOf({ budget, periodStartMs }: Notification, project: string): ManifestKey {
  return { budget, period: periodKey(periodStartMs), project };
}

function requireState(state: State | undefined): State {
  if (state === undefined)
    throw new PermanentError(
      'Cannot take anything away: the policy names no "state" bucket for the restore manifest',
    );
  return state;
}
