import { resolve } from 'node:path';
import type { Policy } from '../../shared/policy/policy.ts';
import { problemLines, readPolicyFile } from '../policy/policy-file.ts';

const STANDARD_FILE = 'costguard.yaml';

/** The policy of `npm run audit`; undefined where it cannot be used: `err` is then told a line for each problem. */
export async function readAuditPolicy(
  named: string | undefined,
  folder: string,
  err: (text: string) => void,
): Promise<Policy | undefined> {
  const file = named ?? STANDARD_FILE;
  try {
    const policy = await readPolicyFile(resolve(folder, file));
    if (policy.audit !== undefined) return policy;
    err(`${file}: audit: the section is missing; with the line "audit:" every default of it counts\n`);
  } catch (error) {
    if (named === undefined && isMissing(error))
      err('There is no costguard.yaml here: name the policy, npm run audit -- FILE --project ID\n');
    else for (const line of problemLines(file, error)) err(`${line}\n`);
  }
  return undefined;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
