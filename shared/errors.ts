/**
 * A failure that delivering the event again cannot fix: bad input, bad configuration. The runner acknowledges the
 * event after logging it as ERROR. Everything else that is thrown makes the event fail, so that it is delivered again.
 */
export class PermanentError extends Error {
  override readonly name: string = 'PermanentError';
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
