import { readFile } from 'node:fs/promises';
import { messageOf } from '../../shared/errors.ts';
import type { PolicyStage } from '../../shared/policy/checks.ts';
import { parsePolicy, PolicyError, type Policy } from '../../shared/policy/policy.ts';

/** The policy that a file holds. Throws `PolicyError`, and what the file system says. */
export async function readPolicyFile(file: string, stage?: PolicyStage): Promise<Policy> {
  return parsePolicy(await readFile(file, 'utf8'), stage);
}

/** One line for each problem of a file, by what {@link readPolicyFile} threw. Throws what is about something else. */
export function problemLines(file: string, error: unknown): readonly string[] {
  if (error instanceof PolicyError)
    return error.problems.map(({ path, message }) => `${file}: ${path}: ${message}`);
  if (error instanceof Error && 'code' in error)
    return [`${file}: (file): cannot be read: ${messageOf(error)}`];
  throw error;
}

/** The same policy; where it cannot be used, `err` is told every problem and undefined returned. */
export async function usablePolicy(file: string, err: (text: string) => void): Promise<Policy | undefined> {
  try {
    return await readPolicyFile(file);
  } catch (error) {
    for (const line of problemLines(file, error)) err(`${line}\n`);
    return undefined;
  }
}
