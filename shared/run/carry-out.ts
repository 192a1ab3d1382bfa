import { messageOf } from '../errors.ts';
import type { Sweeping } from './sweep-project.ts';
import type { Plan, Work } from './sweep.ts';

/**
 * Has `act` carry out what is within the limits, each plan with one outcome in the receipt; in observe mode all are `planned`. A
 * throw of `act` is the failure of whatever it has not reported.
 */
export async function carryOut<Config, Facts>(
  { sweep, config, run, receipt, runErrors, cap }: Sweeping<Config, Facts>,
  { plans, watched, complete }: Work<Facts>,
): Promise<void> {
  const chosen = sweep.limit(plans, config, cap.used);
  cap.used += chosen.filter(({ decision }) => sweep.countsAgainstCap?.(decision)).length;
  if (config.mode === 'observe') {
    for (const { decision } of chosen) receipt.add({ ...decision, outcome: 'planned' });
    return;
  }
  const open = new Set(chosen);
  const failure = (plan: Plan<Facts>, error: unknown): void => {
    open.delete(plan);
    receipt.add({ ...plan.decision, outcome: 'failed' });
    receipt.fail({ resource: plan.decision.resource, error: messageOf(error) });
    runErrors.noteFailedAction(error);
  };
  try {
    await sweep.act(
      run,
      config,
      { plans: chosen, watched, complete },
      {
        outcome(plan, outcome) {
          open.delete(plan);
          receipt.add(outcome);
        },
        failure,
      },
    );
  } catch (error) {
    if (open.size === 0) receipt.fail({ resource: `projects/${run.projectId}`, error: messageOf(error) });
    for (const plan of open) failure(plan, error);
    runErrors.noteFailedAction(error);
  }
}
