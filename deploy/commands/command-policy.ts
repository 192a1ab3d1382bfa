import { resolve } from 'node:path';
import type { Policy, PolicySection } from '../../shared/policy/policy.ts';
import { problemLines, readPolicyFile } from '../policy/policy-file.ts';

const STANDARD_FILE = 'costguard.yaml';

/** What a command needs of a policy. */
export interface PolicyWish {
  /** The file that was named; undefined for costguard.yaml of the folder. */
  readonly named: string | undefined;
  readonly folder: string;
  /** Without it the command has nothing to go by. */
  readonly section: PolicySection;
  /** How the command is called with a file, such as `npm run audit -- FILE`. */
  readonly call: string;
}

/** The policy of a command that reads one section; undefined where it cannot be used: `err` is then told a line for each problem. */
export async function readCommandPolicy(
  { named, folder, section, call }: PolicyWish,
  err: (text: string) => void,
): Promise<Policy | undefined> {
  const file = named ?? STANDARD_FILE;
  try {
    const policy = await readPolicyFile(resolve(folder, file));
    if (policy[section] !== undefined) return policy;
    err(`${file}: ${section}: the section is missing; write "${section}:" for its defaults\n`);
  } catch (error) {
    if (named === undefined && isMissing(error))
      err(`There is no costguard.yaml here: name the policy, ${call}\n`);
    else for (const line of problemLines(file, error)) err(`${line}\n`);
  }
  return undefined;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
