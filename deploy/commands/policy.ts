import { writeFile } from 'node:fs/promises';
import { deleteAllProblems, lintPolicy } from '../../functions/lifecycle-enforcer/lint/policy.ts';
import { policyDigest, PolicyError } from '../../shared/policy/policy.ts';
import type { Policy, PolicySection, WatchPolicy } from '../../shared/policy/policy.ts';
import { percentText } from '../../shared/units.ts';
import { readCommandLine, runCommand } from '../command-line.ts';
import { installedGcloud } from '../actual/gcloud.ts';
import { importLifecycle } from '../policy/import-lifecycle.ts';
import { problemLines, readPolicyFile } from '../policy/policy-file.ts';
import { policyJsonSchema } from '../policy/json-schema.ts';
import { WrongUsage } from '../desired/problem.ts';

const usage = `Usage: npm run policy -- FILE [FILE…]
       npm run policy -- --import BUCKET|FILE.json [--billing-project PROJECT]
       node deploy/commands/policy.ts --write-schema

Checks policy files and prints every problem with its path; exit code 1 when
there is any.
--import prints the policy's section lifecycle for the rules of a bucket (read
by gcloud) or of a lifecycle.json.
--billing-project pays for reading a bucket whose requesters pay.
--write-schema writes deploy/costguard.schema.json, which editors check policy
files with.
`;

interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** The system's clock when absent. */
  readonly now?: () => Date;
}

/** The command; answers its exit code: 0 all files are usable, 1 one is not, 2 wrong usage. */
export async function policyCommand(args: readonly string[], output: Output): Promise<number> {
  return runCommand(usage, output, async () => {
    const { values, positionals: files } = readCommandLine(usage, args, {
      'write-schema': { type: 'boolean' },
      import: { type: 'string' },
      'billing-project': { type: 'string' },
    });
    if (values['write-schema'] === true) {
      if (files.length > 0) throw new WrongUsage('--write-schema takes no file.');
      const file = new URL('../costguard.schema.json', import.meta.url);
      await writeFile(file, await policySchemaText());
      output.out('Wrote deploy/costguard.schema.json\n');
      return 0;
    }
    if (values.import !== undefined) {
      if (files.length > 0) throw new WrongUsage('--import takes one bucket or file.');
      const gcloud = installedGcloud(process.env, process.cwd());
      output.out(await importLifecycle(values.import, gcloud, values['billing-project']));
      return 0;
    }
    if (files.length === 0) throw new WrongUsage('Name a policy file.');
    const usable: boolean[] = [];
    for (const file of files) usable.push(await checkFile(file, output));
    return usable.every(Boolean) ? 0 : 1;
  });
}

/** The text of the generated JSON Schema, formatted as the rest of the repository. */
export async function policySchemaText(): Promise<string> {
  // Loaded here only: checking a file must not need a development tool.
  const { format } = await import('prettier');
  return format(JSON.stringify(policyJsonSchema()), { parser: 'json', printWidth: 110 });
}

async function checkFile(file: string, { out, err, now = () => new Date() }: Output): Promise<boolean> {
  try {
    const policy = await readPolicyFile(file);
    const problems = deleteAllProblems(policy.lifecycle?.policies ?? [], now());
    if (problems.length > 0) throw new PolicyError(problems);
    out(`${file}: ok\n${summary(policy)}`);
    for (const bucketPolicy of policy.lifecycle?.policies ?? [])
      for (const { code, why } of lintPolicy(bucketPolicy, now()))
        out(`  hint       lifecycle policy "${bucketPolicy.name}": ${code}: ${why}\n`);
    return true;
  } catch (error) {
    for (const line of problemLines(file, error)) err(`${line}\n`);
    return false;
  }
}

function summary(policy: Policy): string {
  const { stateBucket, scope } = policy;
  const rows = [
    ['digest', policyDigest(policy)],
    ['scope', scope.join(', ')],
    ['state', stateBucket === undefined ? 'none: receipts only go to the log' : `gs://${stateBucket}`],
    ...Object.entries(sectionLines(policy)),
  ] as const;
  return rows.map(([name, value = 'not written: not deployed']) => `  ${name.padEnd(11)}${value}\n`).join('');
}

/** What each section says, in one line; undefined for one that is not written. */
function sectionLines(policy: Policy): Readonly<Record<PolicySection, string | undefined>> {
  const { notebooks, budgets, lifecycle, egress, estimates, audit, watch } = policy;
  const rungs = budgets?.ladder.map((rung) => `${percentText(rung.at)} ${rung.do}`).join(', ');
  return {
    notebooks: notebooks && `${notebooks.mode}; idle after ${notebooks.idleAfterMinutes} minutes`,
    budgets: budgets && `${budgets.mode}; ${rungs ?? ''}`,
    lifecycle:
      lifecycle &&
      `${lifecycle.mode}; policies: ${lifecycle.policies.map(({ name }) => name).join(', ') || 'none'}`,
    egress: egress && `report over ${egress.windowHours} hours`,
    estimates: estimates && `in ${estimates.region} where a request names no region`,
    audit:
      audit &&
      `keys up to ${audit.maxKeyAgeDays} days old; environment by the label ${audit.environmentLabel}`,
    watch:
      watch &&
      `Vertex AI in ${watch.regions.join(', ') || 'all regions'}; ${discountText(watch)}${watch.metrics ? '; metrics to Cloud Monitoring' : ''}`,
  };
}

function discountText({ discountAtMost }: WatchPolicy): string {
  return discountAtMost === null
    ? 'low counts a fifth of list prices until discountAtMost is written'
    : `discounts of ${percentText(discountAtMost)} at the most`;
}

if (import.meta.main) {
  process.exitCode = await policyCommand(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
}
