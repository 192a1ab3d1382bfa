import { CannotImpersonate } from '../google/impersonate.ts';
import { isNotFound } from '../google/google-api-error.ts';

/** Whether an error says that the resource is not there. */
export function isMissing(error: unknown): boolean {
  // An account that does not exist answers 404 as well, before anybody looks at the resource.
  return isNotFound(error) && !(error.cause instanceof CannotImpersonate);
}
