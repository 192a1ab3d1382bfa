import { messageOf } from '../../../shared/errors.ts';
import { BusyError } from '../../../shared/google/google-api-error.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import { collectRunErrors } from '../../../shared/run/run-errors.ts';
import type { TickOrigin } from '../../../shared/run/tick.ts';
import { fileReceipt } from '../act.ts';
import { auditProject } from '../audit.ts';
import type { AuditReport } from '../report/report.ts';
import { InDeletion } from '../scope/in-deletion.ts';
import { doOnce, publishText } from './claim.ts';

/**
 * Audits a project for a tick, once, however often the tick or the message that it became is delivered: it is done when its receipt was stored
 * and published and no call failed that may work later. Without a state bucket each delivery audits. Throws `BusyError` where
 * another run is at work on it, and what may pass after the receipt, so that a later delivery sees more. `tell` tells the digest where it is due.
 */
export async function auditOnce(
  context: EventContext,
  projectId: string,
  tick: TickOrigin,
  tell: () => Promise<void>,
): Promise<void> {
  const { state, log } = context;
  const errors = collectRunErrors();
  const act = async (attempt = 1): Promise<boolean> => {
    // A run before this one failed or died, as this one may: that holds the digest of the others back no longer.
    if (attempt > 1)
      await tell().catch((error: unknown) => {
        log('WARNING', `Tells the digest after the audit: ${messageOf(error)}`);
      });
    const startedAt = context.runtime.now();
    const report = await auditUnlessDeleted(context, projectId, tick, (error) => {
      errors.note(error);
    });
    if (report === undefined) return true;
    await fileReceipt(context, report, startedAt, (error) => {
      errors.noteLostReceipt(error);
    });
    return !errors.any();
  };
  if (state === undefined) await act();
  else {
    const folder = `guardrail-audit/ticks/${tick.id.replace(/[^\w.-]/g, '_')}/${projectId}`;
    const title = `audit "${projectId}" for the tick ${tick.id}`;
    const task = {
      title,
      done: `${folder}/done`,
      claims: folder,
      remedy: publishText(projectId),
    };
    const ending = await doOnce(context, state, task, projectId, act);
    if (ending.kind === 'held') throw new BusyError(`Cannot ${title}: another run is at work on it`);
    if (ending.kind === 'done')
      log('INFO', `Nothing to do on "${projectId}": its audit for the tick ${tick.id} is done`);
  }
  errors.throwIfAny(projectId);
}

/** Undefined for a project in deletion, of which the log says so: no later delivery would find more. */
async function auditUnlessDeleted(
  context: EventContext,
  projectId: string,
  { publishedMs: tickMs }: TickOrigin,
  failed: (error: unknown) => void,
): Promise<AuditReport | undefined> {
  const operationsProject = await context.runtime.ownProject();
  try {
    return await auditProject(context, projectId, { operationsProject, tickMs, failed });
  } catch (error) {
    if (!(error instanceof InDeletion)) throw error;
    context.log('INFO', error.message);
    return undefined;
  }
}
