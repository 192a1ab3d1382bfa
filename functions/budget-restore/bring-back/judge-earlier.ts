import { PermanentError } from '../../../shared/errors.ts';
import { GoogleApiError, undefinedIfMissing } from '../../../shared/google/google-api-error.ts';
import type { OperationState, Present, Step } from '../../../shared/resources/kind.ts';
import type { StartRequest } from '../../../shared/state/manifest.ts';
import type { Restored } from '../act.ts';
import type { RestoreRun } from '../run.ts';
import type { BringBackTask } from './by-steps.ts';
import { stoppedElsewhere } from './held-elsewhere.ts';
import { fellBackText } from './started-by-hand.ts';

/** A look may be this old: what was requested a moment ago need not show yet. */
const STALE_LOOK_MS = 30_000;

/** What became of an earlier request for something that is still, or again, off; undefined where it may be requested once more. */
export async function judgeEarlier(
  { api, runtime }: RestoreRun,
  task: Pick<BringBackTask, 'item' | 'requested' | 'held'>,
  step: Step,
  { startedMs, state }: Present,
  earlier: StartRequest,
): Promise<Restored | undefined> {
  const operation = await outcomeOf(api, step, earlier.operation);
  if (operation?.kind === 'running')
    return { kind: 'pending', why: `${step.name} was requested and goes on` };
  const isOwn = task.requested === step.name;
  const hasRun = startedMs !== undefined && startedMs >= earlier.atMs;
  if (operation?.kind !== 'failed') {
    if (isOwn && runtime.now().getTime() - earlier.atMs < STALE_LOOK_MS && !hasRun)
      return { kind: 'pending', why: `${step.name} was requested` };
    // With no word of the operation it may have fallen back as well: what may be a person's doing is left to a person.
    if (hasRun && !isOwn) {
      const elsewhere = stoppedElsewhere(task.held, task.item.resource, startedMs);
      const why =
        elsewhere === undefined
          ? stoppedAgainText(earlier, operation)
          : `it was started since the restore requested that, and ${elsewhere}`;
      return { kind: 'left', why };
    }
  }
  if (!isOwn) return undefined;
  throw new Error(fellBackText(task.item.resource, state, reasonOf(operation)));
}

/** What a resource that its start broke says of it, with what the operation of that start ended with. */
export async function failureOf(
  { api }: Pick<RestoreRun, 'api'>,
  step: Step,
  why: string,
  earlier: StartRequest | undefined,
): Promise<string> {
  try {
    const operation = await outcomeOf(api, step, earlier?.operation);
    return operation?.kind === 'failed' ? `${why}; its start ended with: ${operation.why}` : why;
  } catch (error) {
    // It failed all the same: only what its start ended with is missing.
    if (!(error instanceof GoogleApiError)) throw error;
    return why;
  }
}

/** Of a start that came to nothing, as far as Google tells. */
function reasonOf(operation: Outcome | undefined): string {
  return operation?.kind === 'failed' || operation?.kind === 'unseen'
    ? operation.why
    : 'Google gives no reason';
}

function stoppedAgainText({ unanswered }: StartRequest, operation: Outcome | undefined): string {
  if (unanswered === true)
    return 'it was started since the restore requested that, which was cut off before an answer came, and is off again: whether that start fell back, or an operator stopped it, cannot be told. Start it by hand if it is to run';
  if (operation?.kind === 'done') return 'it was started by the restore and stopped again since';
  return `it was started by the restore and is off again${operation?.kind === 'unseen' ? `; ${operation.why}` : ''}`;
}

/** What became of a request; `unseen`: its operation may not be looked at. */
type Outcome = OperationState | { readonly kind: 'unseen'; readonly why: string };

/** Undefined where the kind has no operations, the answer named none, or Google does not keep it any more. */
async function outcomeOf(
  api: RestoreRun['api'],
  { operation }: Step,
  name: string | undefined,
): Promise<Outcome | undefined> {
  if (operation === undefined || name === undefined) return undefined;
  try {
    return await undefinedIfMissing(operation.look(api, name));
  } catch (error) {
    // The resource itself is looked at as well: only the reason is missing then.
    // So it is where the manifest names an operation that is none, and that is never sent.
    const isUnusable = error instanceof PermanentError;
    if (!isUnusable && (!(error instanceof GoogleApiError) || error.retryable)) throw error;
    return { kind: 'unseen', why: `Google's reason could not be read: ${error.message}` };
  }
}
