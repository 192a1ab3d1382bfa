import type { Rung } from '../../../shared/policy/policy.ts';
import { burnOf } from '../../../shared/resources/inventory.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import { atBurn, burnText, leftText, listBurning } from '../../../shared/resources/left-burning.ts';
import type { Firing } from './fire.ts';

/** Resources that one decision names, some 100 KB: a log entry takes 256 KB. Each left alone is a decision of its own in the receipt. */
const MAX_LISTED = 200;

/** What a rung leaves running, for the receipt: worst first, with its cost and the command that ends it. */
export function burningEvidence(burning: readonly RunningResource[]): Readonly<Record<string, unknown>> {
  const { listed, others } = listBurning(burning, MAX_LISTED);
  if (listed.length === 0) return {};
  const count = listed.length + (others?.count ?? 0);
  return {
    burning: `${count} left burning ${burnText(burnOf(burning))}`,
    leftBurning: listed,
    ...(others === undefined
      ? {}
      : {
          notListed: `${others.count} more ${atBurn(others.cost)}: the stored receipt has each with its command, as a decision "left-alone"`,
        }),
  };
}

/** Whether that names all that burns. */
export function isAllListed(evidence: ReturnType<typeof burningEvidence>): boolean {
  return evidence['notListed'] === undefined;
}

/** How far a rung is with a project. */
type Progress = 'done' | 'not done yet' | 'has nothing to take';

/**
 * What goes on costing money under a rung that is in force is said with each message: `stop-compute done on ml-lab, 2 left burning
 * $14.20/h: …`.
 */
export function sayBurning(
  { run, due }: Pick<Firing, 'run' | 'due'>,
  rung: Rung,
  burning: readonly RunningResource[],
  progress: Progress,
): void {
  const text = leftText(burning);
  if (text === '') return;
  run.log('WARNING', `${rung.do} ${progress} on ${run.projectId}, ${text}`, {
    budget: due.budget.name,
    rung: rung.do,
    runId: run.runId,
    ...burningEvidence(burning),
  });
}
