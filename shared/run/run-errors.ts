import { messageOf } from '../errors.ts';
import { isRefusal, isRetryable, GoogleApiError } from '../google/google-api-error.ts';

/** What went wrong in a run that goes on all the same, so that it can fail in the end where a retry helps. */
export interface RunErrors {
  note(error: unknown): void;
  /** Whether {@link throwIfAny} throws. */
  any(): boolean;
  /** The same for an action: one that Google refused has failed, and is tried again with the next delivery. */
  noteFailedAction(error: unknown): void;
  /** Throws when delivering the event again can help, or when something happened that nobody foresaw. */
  throwIfAny(what: string): void;
}

export function collectRunErrors(): RunErrors {
  const retry: unknown[] = [];
  // Neither to be retried nor Google's refusal: the run still ends in its receipt before this goes on.
  let broken: { readonly error: unknown } | undefined;
  return {
    note(error) {
      if (isRetryable(error)) retry.push(error);
      else if (!(error instanceof GoogleApiError)) broken ??= { error };
    },
    any: () => broken !== undefined || retry.length > 0,
    noteFailedAction(error) {
      if (isRefusal(error)) retry.push(error);
      else this.note(error);
    },
    throwIfAny(what) {
      if (broken !== undefined) throw broken.error;
      if (retry.length > 0)
        throw new Error(`Cannot finish the run on "${what}": ${messageOf(retry[0])}`, { cause: retry[0] });
    },
  };
}
