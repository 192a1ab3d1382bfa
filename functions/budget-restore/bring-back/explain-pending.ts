import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import type { RestoreRun } from '../run.ts';
import type { BringBackTask } from './by-steps.ts';
import type { Starts } from './starts.ts';

/**
 * Why something is still on its way when the request ends, with what Google itself says of it where its kind can tell. That is read
 * once, and only for what a request of the restore's has brought on its way.
 */
export async function explainPending(
  { api }: Pick<RestoreRun, 'api'>,
  { item, steps, next }: Pick<BringBackTask, 'item' | 'steps' | 'next'>,
  starts: Pick<Starts, 'get'>,
  why: string,
): Promise<string> {
  const step = steps[next];
  const request = step === undefined ? undefined : starts.get(`${item.resource} ${step.name}`);
  if (step?.explain === undefined || request === undefined) return why;
  try {
    return `${why}; ${await step.explain(api, request.atMs)}`;
  } catch (error) {
    // It is on its way all the same: only the reason is missing.
    if (!(error instanceof GoogleApiError)) throw error;
    return `${why}; Google's errors could not be read: ${error.message}`;
  }
}
