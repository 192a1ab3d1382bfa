import { messageOf } from '../errors.ts';
import { GoogleApiError, isNotFound, isRefusal, isRetryable } from '../google/google-api-error.ts';
import { isMissingRight } from '../google/not-offered.ts';

/** What went wrong in a run that goes on all the same, so that it can fail in the end where a retry helps. */
export interface RunErrors {
  note(error: unknown): void;
  /** Whether {@link throwIfAny} throws. */
  any(): boolean;
  /** The same for what could not be read: where a right is missing, an operator may give it before the next delivery. */
  noteUnread(error: unknown): void;
  /** The same for a receipt that could not be stored or published: rights, bucket and topic can be given and made again. */
  noteLostReceipt(error: unknown): void;
  /** The same for an action: one that Google refused has failed, and is tried again with the next delivery. */
  noteFailedAction(error: unknown): void;
  /** Throws when delivering the event again can help, or when something unforeseen happened. */
  throwIfAny(what: string): void;
}

export function collectRunErrors(): RunErrors {
  const retry: unknown[] = [];
  // Neither to be retried nor Google's refusal: the run still ends in its receipt before this goes on.
  let broken: { readonly error: unknown } | undefined;
  const note = (error: unknown, alsoRetried = false): void => {
    if (alsoRetried || isRetryable(error)) retry.push(error);
    else if (!(error instanceof GoogleApiError)) broken ??= { error };
  };
  return {
    note: (error) => {
      note(error);
    },
    noteUnread: (error) => {
      note(error, isMissingRight(error));
    },
    noteLostReceipt: (error) => {
      note(error, isRefusal(error) || isNotFound(error));
    },
    noteFailedAction: (error) => {
      note(error, isRefusal(error));
    },
    any: () => broken !== undefined || retry.length > 0,
    throwIfAny(what) {
      if (broken !== undefined) throw broken.error;
      if (retry.length > 0)
        throw new Error(`Cannot finish the run on "${what}": ${messageOf(retry[0])}`, { cause: retry[0] });
    },
  };
}
