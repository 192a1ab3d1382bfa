import type { Rung } from '../../../shared/policy/policy.ts';
import { burnOf } from '../../../shared/resources/inventory.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import { burnText, leftBurning, leftText } from '../../../shared/resources/left-burning.ts';
import type { Firing } from './fire.ts';
import { MAX_SHOWN } from './unseen.ts';

/** What a rung leaves running, for the receipt: worst first, with its cost and the command that ends it. */
export function burningEvidence(burning: readonly RunningResource[]): Readonly<Record<string, unknown>> {
  const left = leftBurning(burning);
  if (left.length === 0) return {};
  return {
    burning: `${left.length} left burning ${burnText(burnOf(burning))}`,
    leftBurning: left.slice(0, MAX_SHOWN),
  };
}

/**
 * What goes on costing money under a rung that is in force is said with each message: `stop-compute done on ml-lab, 2 left burning
 * $14.20/h: …`.
 */
export function sayBurning(
  { run, due }: Pick<Firing, 'run' | 'due'>,
  rung: Rung,
  burning: readonly RunningResource[],
  isDone: boolean,
): void {
  const text = leftText(burning);
  if (text === '') return;
  run.log('WARNING', `${rung.do} ${isDone ? 'done' : 'not done yet'} on ${run.projectId}, ${text}`, {
    budget: due.budget.name,
    rung: rung.do,
    runId: run.runId,
    ...burningEvidence(burning),
  });
}
