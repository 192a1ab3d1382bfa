import { poll } from '../../../shared/google/change/waits.ts';
import { GoogleApiError, isRefused } from '../../../shared/google/google-api-error.ts';
import { getEndpointOperation } from '../../../shared/google/vertex/deployment.ts';
import { matchModels } from '../../../shared/google/vertex/match-models.ts';
import { getEndpoint, type DeployedModel } from '../../../shared/google/vertex/vertex.ts';
import type { DeploymentRequest } from '../../../shared/state/manifest.ts';
import type { RestoreRun } from '../run.ts';
import type { EndpointItem } from './endpoint.ts';

/** How long a deployment may take to show; a request without an answer is not repeated within this time. */
const DEPLOYED_MS = 40 * 60_000;
const UNANSWERED_MS = 25 * 60_000;

/** Kept free of the request's time, to say and note what is still on its way. */
export const KEEP_FREE_MS = 60_000;

export type DeploymentOutcome =
  /** `late`: its time is over, and nothing tells that it goes on. */
  { readonly kind: 'shows' | 'goes-on' | 'late' } | { readonly kind: 'failed'; readonly why: string };

interface Waiting extends Pick<RestoreRun, 'api' | 'pause'> {
  readonly runtime: Pick<RestoreRun['runtime'], 'now'>;
}

/**
 * Waits until a deployment that was requested shows on its endpoint, or its operation says that it failed: for as long as one takes, and
 * within this request's time.
 */
export async function awaitDeployment(
  { api, runtime, pause }: Waiting,
  item: Pick<EndpointItem, 'resource' | 'models'>,
  model: DeployedModel,
  { atMs, operation }: DeploymentRequest,
): Promise<DeploymentOutcome> {
  let seen: OperationState | undefined;
  const timeoutMs = operation === undefined ? UNANSWERED_MS : DEPLOYED_MS;
  // A moment that is still to come was noted by a clock that was wrong: it prolongs nothing.
  const ownMs = Math.max(0, Math.min(timeoutMs, atMs + timeoutMs - runtime.now().getTime()));
  const leftMs = Math.min(ownMs, Math.max(0, api.timeLeftMs() - KEEP_FREE_MS));
  const over = await poll(pause, leftMs, async () => {
    const { models } = await getEndpoint(api, item.resource);
    if (matchModels(item.models, models).present.has(model.id)) return true;
    if (operation !== undefined) seen = await lookUp(api, operation, seen);
    return seen?.kind === 'failed';
  });
  if (seen?.kind === 'failed') return seen;
  if (over) return { kind: 'shows' };
  return { kind: leftMs < ownMs || seen?.kind === 'goes-on' ? 'goes-on' : 'late' };
}

type OperationState =
  | { readonly kind: 'goes-on' }
  | { readonly kind: 'failed'; readonly why: string }
  /** It has ended, is not kept any more, or may not be looked at: the endpoint itself tells as well, only later. */
  | { readonly kind: 'untold' };

/** What became of an operation. Where that is not known it is what it was `before`: it may go on, and each copy of a model costs its machines. */
async function lookUp(
  api: RestoreRun['api'],
  operation: string,
  before: OperationState | undefined,
): Promise<OperationState> {
  try {
    const { done, error } = await getEndpointOperation(api, operation);
    if (error !== undefined) return { kind: 'failed', why: error };
    return { kind: done ? 'untold' : 'goes-on' };
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    if (error.status === 404) return { kind: 'untold' };
    return before ?? { kind: isRefused(error) && !error.retryable ? 'untold' : 'goes-on' };
  }
}
