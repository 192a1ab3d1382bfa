import type { Rung } from '../../../shared/policy/policy.ts';
import type { Decision, ReceiptBuilder } from '../../../shared/run/receipt.ts';
import { readManifest } from '../../../shared/state/manifest.ts';
import type { SwitchRun } from '../run.ts';
import { estimateEvidence } from '../estimate/evidence.ts';
import { holdRungs, keyOf, type Due } from './hold.ts';
import { isFired, openRung } from './ladder.ts';
import { decisionOn, reasonOf } from './report-rung.ts';

/** The notify rung is the budget's, not a project's; it keeps its state under this name. */
const WHOLE_BUDGET = '_budget';

/** Fires the notify rung: once per budget and period, where there is a state bucket to remember that in. */
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
    if (isFired(manifest, rung)) receipt.keep(firedBefore);
    else receipt.add({ ...decision, outcome: 'planned' });
    return;
  }
  const held = await holdRungs(due, run, [rung], true, async (lease) => {
    await publish(`${keyOf(due, run).period}/${rung.at}`);
    await openRung(run, lease, rung).close([]);
    return 'held';
  });
  if (held === undefined) receipt.keep(firedBefore);
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
