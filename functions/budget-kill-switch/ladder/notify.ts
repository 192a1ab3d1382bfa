import type { Rung } from '../../../shared/policy/policy.ts';
import type { Decision, ReceiptBuilder } from '../../../shared/run/receipt.ts';
import { readManifest, type Manifest } from '../../../shared/state/manifest.ts';
import { countedShare, isReached } from '../decide.ts';
import type { SwitchRun } from '../run.ts';
import { estimateEvidence } from '../estimate/evidence.ts';
import { holdRungs, keyOf, type Due, type Spent } from './hold.ts';
import { isFired, openRung } from './ladder.ts';
import { noteReached } from './note-spent.ts';
import { decisionOn, reasonOf } from './report-rung.ts';

/** The notify rung is the budget's, not a project's; it keeps its state under this name. */
const WHOLE_BUDGET = '_budget';

/**
 * Fires the notify rung: once each time that the share reaches it in a period, at first and after a raise of the amount that brought it
 * below, where there is a state bucket to remember that in.
 */
export async function fireNotify(
  due: Due,
  runId: string,
  rung: Rung,
  text: string,
  receipt: ReceiptBuilder,
): Promise<void> {
  const { context, config, budget } = due;
  const { runtime } = context;
  const decision = decisionOn(budget.name, 'notify', reasonOf(rung, due.verdict), {
    text,
    ...estimateEvidence(due.verdict, rung),
  });
  const firedBefore: Decision = { ...decision, action: 'keep', reason: 'fired-before' };
  const publish = async (turn: string): Promise<void> => {
    await alertOperators(due, runId, rung, { id: `${runtime.functionName}/${budget.name}/${turn}`, text });
    receipt.add({ ...decision, outcome: 'done' });
  };
  if (context.state === undefined) {
    if (config.mode === 'observe') receipt.add({ ...decision, outcome: 'planned' });
    else await publish(runId);
    return;
  }
  const run: SwitchRun = {
    ...context,
    runId,
    projectId: WHOLE_BUDGET,
    projectNumber: '',
    failure: () => undefined,
  };
  if (config.mode === 'observe') {
    const { manifest } = await readManifest(context.state, keyOf(due, run));
    if (isTold(due, manifest, rung)) receipt.keep(firedBefore);
    else receipt.add({ ...decision, outcome: 'planned' });
    return;
  }
  const isDone = (manifest: Manifest): boolean => isTold(due, manifest, rung);
  const held = await holdRungs(due, run, [rung], isDone, async (lease) => {
    await publish(`${keyOf(due, run).period}/${rung.at}${againOf(due, lease.manifest(), rung)}`);
    await openRung(run, lease, rung, reachedOf(due, rung)).close([]);
    return 'held';
  });
  if (held !== undefined) return;
  receipt.keep(firedBefore);
  await noteReached(due, run, rung, reachedOf(due, rung));
}

/** What has been reached by all that counts: the rung's own share at the least. */
function reachedOf({ verdict, config }: Due, rung: Rung): Spent {
  const { shares, budgetAmount, estimated } = verdict;
  const share = Math.max(countedShare(shares, config.basis), estimated?.share ?? 0, rung.at);
  return { share, amount: budgetAmount };
}

/**
 * Whether the rung has been told since the share reached it last: not where the budget was raised after it was told, and the most that was
 * reached by then is below the rung under the present amount. An amount that messages alone name is raised by no one. Pure.
 */
function isTold({ budget, verdict }: Due, manifest: Manifest, rung: Rung): boolean {
  const { spent } = manifest;
  if (!isFired(manifest, rung)) return false;
  if (spent === undefined || budget.amount.kind !== 'specified') return true;
  const { budgetAmount } = verdict;
  return budgetAmount <= spent.amount || isReached(rung, (spent.share * spent.amount) / budgetAmount);
}

/** Tells what is told again from what was told before: a raise lets it be told once. Pure. */
function againOf({ verdict }: Due, manifest: Manifest, rung: Rung): string {
  return isFired(manifest, rung) ? `/${verdict.budgetAmount}` : '';
}

/** At least once: where no answer says that the message was taken it is sent again, and receivers drop the second one by its `id`. */
async function alertOperators(
  { context, budget }: Due,
  runId: string,
  rung: Rung,
  { id, text }: { readonly id: string; readonly text: string },
): Promise<void> {
  const { runtime, api, log, policy } = context;
  // The field is what a log-based alert looks for.
  log('WARNING', text, { alert: 'budget-rung', budget: budget.name, rung: rung.do, runId });
  const topic = runtime.environment['NOTIFY_TOPIC'] ?? policy.receiptsTopic;
  if (topic !== undefined)
    await api.call('pubsub.topics.publish', () =>
      runtime.clients.publish(topic, JSON.stringify({ id, alert: 'budget-rung', budget: budget.name, text })),
    );
}
