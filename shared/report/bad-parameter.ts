import { PermanentError } from '../errors.ts';

/** A parameter of a request cannot be used: an answer with status 400 whose body says which, and what is allowed. */
export class BadParameter extends PermanentError {
  override readonly name = 'BadParameter';
  readonly parameter: string;
  /** As it was sent; null when it was not sent at all. */
  readonly value: string | null;
  /** What would do, in words or as a list. */
  readonly allowed: string;

  /** `value` is what the query parser made of it: a string, a list when it was sent twice, or undefined. */
  constructor(parameter: string, value: unknown, allowed: string) {
    const sent = value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value);
    const shown = sent === null ? '(absent)' : JSON.stringify(sent);
    super(`Cannot use ${parameter} ${shortened(shown)}: allowed is ${allowed}`);
    this.parameter = parameter;
    this.value = sent === null ? null : shortened(sent);
    this.allowed = allowed;
  }
}

/** A URL may be as long as the server lets it; what comes back in an answer and in the log need not be. */
const MAX_LENGTH = 200;

function shortened(text: string): string {
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH)}… (${text.length} characters)`;
}
