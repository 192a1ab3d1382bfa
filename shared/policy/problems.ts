import type * as z from 'zod/mini';
import { PermanentError } from '../errors.ts';

/** One thing wrong with a policy file. */
export interface PolicyProblem {
  /** Such as `budgets.ladder[2].at`; `(file)` when it is about the document as a whole. */
  readonly path: string;
  /** The value found and what would be right. */
  readonly message: string;
}

/** The policy file cannot be used; `problems` is everything that is wrong with it, `message` the same in one text. */
export class PolicyError extends PermanentError {
  override readonly name = 'PolicyError';
  readonly problems: readonly PolicyProblem[];

  constructor(problems: readonly PolicyProblem[]) {
    super(`Cannot use the policy: ${problems.map(({ path, message }) => `${path}: ${message}`).join('; ')}`);
    this.problems = problems;
  }
}

/** How a message names a value of the file: what it says, cut to 80 characters. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'got an empty list' : 'got a list';
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'got an empty map' : 'got a map';
  // JSON has no NaN and no infinity, YAML has both.
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return `got ${text.length > 80 ? `${text.slice(0, 77)}...` : text}`;
}

/** The problems that one finding of the schema stands for: unknown keys come several at a time. */
export function problemsOfIssue(issue: z.core.$ZodIssue): PolicyProblem[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: pathText(issue.path), message: issue.message }];
  return issue.keys.map((key) => ({ path: pathText([...issue.path, key]), message: issue.message }));
}

function pathText(path: readonly PropertyKey[]): string {
  const parts = path.map((key) => {
    if (typeof key === 'number') return `[${key}]`;
    return /^[\w-]+$/.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(String(key))}]`;
  });
  return parts.join('').replace(/^\./, '') || '(file)';
}
