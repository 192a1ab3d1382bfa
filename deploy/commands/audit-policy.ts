import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { parsePolicy, PolicyError, type Policy } from '../../shared/policy/policy.ts';

const STANDARD_FILE = 'costguard.yaml';

/** The policy of `npm run audit`; undefined where it cannot be used: `err` is then told a line for each problem. */
export async function readAuditPolicy(
  named: string | undefined,
  folder: string,
  err: (text: string) => void,
): Promise<Policy | undefined> {
  const file = named ?? STANDARD_FILE;
  try {
    const policy = parsePolicy(await readFile(resolve(folder, file), 'utf8'));
    if (policy.audit !== undefined) return policy;
    err(`${file}: audit: the section is missing; with the line "audit:" every default of it counts\n`);
  } catch (error) {
    if (named === undefined && isMissing(error))
      err('There is no costguard.yaml here: name the policy, npm run audit -- FILE --project ID\n');
    else for (const { path, message } of problemsOf(error)) err(`${file}: ${path}: ${message}\n`);
  }
  return undefined;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function problemsOf(error: unknown): PolicyError['problems'] {
  return error instanceof PolicyError
    ? error.problems
    : [{ path: '(file)', message: `cannot be read: ${messageOf(error)}` }];
}
