import { messageOf, PermanentError } from '../../shared/errors.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import { getProject, inDeletionText } from '../../shared/google/projects.ts';
import { holdProject } from '../../shared/state/lease.ts';
import type { ReceiptBuilder } from '../../shared/run/receipt.ts';
import type { State } from '../../shared/state/state.ts';
import type { AnswerLine } from './answer-line.ts';
import { bringBackHeld } from './bring-back/bring-back.ts';
import type { RestoreRequest } from './config.ts';
import { openGrace } from './remember.ts';

/** One project of a request that is carried out. */
export interface ProjectRestore extends RestoreRequest {
  readonly project: string;
  readonly runId: string;
}

/** Restores a project under the lease that it shares with the kill switch. */
export async function restoreProject(
  context: EventContext,
  state: State,
  { budget, period, project, runId, grace }: ProjectRestore,
  receipt: ReceiptBuilder,
): Promise<readonly AnswerLine[]> {
  const { runtime } = context;
  const { sleep, random } = runtime;
  const lines: AnswerLine[] = [];
  try {
    if (project === (await runtime.ownProject()))
      throw new PermanentError(`Cannot restore "${project}": costguard runs in it and takes nothing from it`);
    if (context.policy.budgets?.protect.includes(`projects/${project}`) === true)
      throw new PermanentError(
        `Cannot restore "${project}": budgets.protect names it, and costguard touches nothing in it; take it out of protect to restore what was taken away before`,
      );
    await holdProject(
      { state, sleep, random, nowMs: () => runtime.now().getTime() },
      { budget, period, project },
      { by: runtime.functionName, runId, doing: 'restore', isNeeded: () => true },
      async (lease) => {
        const pause = async (milliseconds: number): Promise<void> => {
          await sleep(milliseconds);
          await lease.confirm();
        };
        const ref = await getProject(context.api, `projects/${project}`);
        if (ref.isDeleted === true)
          throw new PermanentError(`Cannot restore "${project}": ${inDeletionText(project)}`);
        await openGrace({ lease, runtime }, runId, grace);
        await bringBackHeld({ ...context, project: ref, lease, pause }, state, receipt, lines);
      },
    );
  } catch (error) {
    const why = messageOf(error);
    receipt.fail({ resource: `projects/${project}`, error: why });
    lines.push({ project, resource: `projects/${project}`, action: 'none', outcome: 'failed', why });
  }
  return lines;
}
