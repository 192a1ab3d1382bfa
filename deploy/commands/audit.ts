import { writeFile } from 'node:fs/promises';
import type { GoogleAuth } from '../../shared/google/impersonate.ts';
import { impersonate } from '../../shared/google/impersonate.ts';
import type { Policy } from '../../shared/policy/policy.ts';
import { runPreflight, type Check } from '../../shared/preflight/preflight.ts';
import { DEPLOYED_RUNTIME } from '../../shared/preflight/runtime-support.ts';
import { createRuntimeApi } from '../../shared/run/runtime-api.ts';
import { createLog } from '../../shared/run/log.ts';
import { createRuntime, type Runtime } from '../../shared/run/runtime.ts';
import { createState } from '../../shared/state/state.ts';
import { auditProject, type AuditOptions } from '../../functions/guardrail-audit/audit.ts';
import { auditCsv } from '../../functions/guardrail-audit/report/csv.ts';
import { renderAuditPage } from '../../functions/guardrail-audit/report/page.ts';
import type { AuditReport } from '../../functions/guardrail-audit/report/report.ts';
import { auditSarif } from '../../functions/guardrail-audit/report/sarif.ts';
import { InDeletion } from '../../functions/guardrail-audit/scope/in-deletion.ts';
import { SEVERITIES, type Severity } from '../../functions/guardrail-audit/rules/mistakes.ts';
import { checkProjectIds, oneOf, readCommandLine, runCommand } from '../command-line.ts';
import { installedGcloud } from '../actual/gcloud.ts';
import { operationsRoles } from '../desired/access.ts';
import { emailOf, topicOf } from '../desired/names.ts';
import { WrongUsage } from '../desired/problem.ts';
import { readFunctions } from '../desired/settings.ts';
import { auditTable } from './audit-table.ts';
import { readCommandPolicy } from './command-policy.ts';
import { POLICY_URI } from './preflight.ts';
import { signedIn, signIn } from './sign-in.ts';

const SWITCH = 'budget-kill-switch';
const FORMATS = ['table', 'json', 'sarif', 'html', 'csv'] as const;
type Format = (typeof FORMATS)[number];

const usage = `Usage: npm run audit -- [FILE] --project ID [--ops OPS]
                    [--policy-uri gs://B/O]
                    [--fail-on critical|high|medium|low]
                    [--format table|json|sarif|html|csv] [--out FILE]

Looks for the eight common mistakes in a project, with your own rights, and
prints what fixes each. It changes nothing, and prints no value of a secret.
  FILE       the policy, whose section "audit" says what counts;
             ./costguard.yaml when absent
  --project  the project to look at
  --ops      the operations project, which the kill switch runs in; when absent
             that of the policy's topic "receipts"
  --policy-uri  the kill switch's POLICY_URI, where it reads its policy from a
             bucket: the switch is checked by that one in place of FILE
  --fail-on  exit code 1 when something of this severity, or worse, is found;
             nothing fails the command when absent
  --format   table when absent
  --out      a file instead of standard output
Exit code: 0 looked, 1 something was found that --fail-on names, 2 wrong usage
or policy, or a project in deletion, 3 you are not signed in.
The kill switch is checked as npm run preflight does, which takes
roles/iam.serviceAccountTokenCreator on its account.
`;

interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export interface AuditCommandOptions extends Output {
  readonly signIn?: (project: string) => Promise<GoogleAuth>;
  /** Where costguard.yaml is looked for; the working directory when absent. */
  readonly folder?: string;
}

interface Arguments {
  /** Undefined for costguard.yaml. */
  readonly file: string | undefined;
  readonly project: string;
  readonly ops: string | undefined;
  readonly policyUri: string | undefined;
  readonly failOn: Severity | undefined;
  readonly format: Format;
  readonly outFile: string | undefined;
}

/** The command; answers its exit code, as the usage says. */
export function auditCommand(
  args: readonly string[],
  runtime: Runtime,
  options: AuditCommandOptions,
): Promise<number> {
  return runCommand(usage, options, () => audit(readArguments(args), runtime, options));
}

const WRONG_USAGE = 2;
const NOT_SIGNED_IN = 3;
/** A user waits at the keyboard. */
const TIMEOUT_MS = 300_000;

async function audit(
  args: Arguments,
  runtime: Runtime,
  { out, err, signIn: open, folder = '.' }: AuditCommandOptions,
): Promise<number> {
  const call = 'npm run audit -- FILE --project ID';
  const policy = await readCommandPolicy({ named: args.file, folder, section: 'audit', call }, err);
  if (policy === undefined) return WRONG_USAGE;
  const ops = args.ops ?? policy.receiptsTopic?.split('/')[1] ?? runtime.environment['GOOGLE_CLOUD_PROJECT'];
  if (ops === undefined) {
    err('Name the operations project: --ops OPS. The policy has no topic "receipts".\n');
    return WRONG_USAGE;
  }
  const auth = await signedIn(open === undefined ? undefined : () => open(ops), runtime.auth, err);
  if (auth === undefined) return NOT_SIGNED_IN;
  const api = createRuntimeApi(runtime, TIMEOUT_MS, auth);
  const bucket = policy.stateBucket;
  const context = {
    runtime: { ...runtime, functionName: 'guardrail-audit', auth },
    api,
    log: createLog(
      (line) => {
        err(`${line}\n`);
      },
      { function: 'guardrail-audit' },
    ),
    policy,
    // Read for receipts and the key of digests; without the right to it they are not evaluable.
    state: bucket === undefined ? undefined : createState({ api, bucket }),
  };
  const preflight = { value: await checkSwitch(policy, ops, args.policyUri, runtime, auth), gaps: [] };
  const report = await auditUnlessDeleted(context, args.project, { operationsProject: ops, preflight }, err);
  if (report === undefined) return WRONG_USAGE;
  const text = textOf(report, args.format);
  if (args.outFile === undefined) out(text);
  else await writeFile(args.outFile, text);
  return fails(report, args.failOn) ? 1 : 0;
}

async function auditUnlessDeleted(
  context: Parameters<typeof auditProject>[0],
  project: string,
  options: AuditOptions,
  err: Output['err'],
): Promise<AuditReport | undefined> {
  try {
    return await auditProject(context, project, options);
  } catch (error) {
    if (!(error instanceof InDeletion)) throw error;
    err(`${error.message}\n`);
    return undefined;
  }
}

async function checkSwitch(
  policy: Policy,
  project: string,
  policyUri: string | undefined,
  runtime: Runtime,
  auth: GoogleAuth,
): Promise<readonly Check[]> {
  const account = emailOf(SWITCH, project);
  const topic = `projects/${project}/topics/${topicOf(SWITCH)}`;
  return runPreflight(
    {
      api: createRuntimeApi(runtime, TIMEOUT_MS, auth),
      switchApi: createRuntimeApi(runtime, TIMEOUT_MS, impersonate(auth, account)),
      auth,
      now: runtime.now(),
    },
    policy,
    {
      ...{ project, topic, account, runtime: DEPLOYED_RUNTIME },
      ownRoles: operationsRoles({ project, policy }, await readFunctions()),
      ...(policyUri === undefined ? {} : { policyUri }),
    },
  );
}

function textOf(report: AuditReport, format: Format): string {
  switch (format) {
    case 'table':
      return auditTable(report);
    case 'json':
      return `${JSON.stringify(report, undefined, 2)}\n`;
    case 'sarif':
      return `${JSON.stringify(auditSarif(report), undefined, 2)}\n`;
    case 'csv':
      return auditCsv(report);
    case 'html':
      return renderAuditPage(report).text;
  }
}

function fails({ findings }: AuditReport, failOn: Severity | undefined): boolean {
  if (failOn === undefined) return false;
  const worst = SEVERITIES.indexOf(failOn);
  return findings.some(({ severity }) => SEVERITIES.indexOf(severity) <= worst);
}

function readArguments(args: readonly string[]): Arguments {
  const text = { type: 'string' } as const;
  const { values, positionals } = readCommandLine(usage, args, {
    project: text,
    ops: text,
    'policy-uri': text,
    'fail-on': text,
    format: text,
    out: text,
  });
  const [file, ...more] = positionals;
  const { project, ops, 'policy-uri': policyUri, 'fail-on': failOn, format = 'table', out } = values;
  if (more.length > 0) throw new WrongUsage('Name one policy file.');
  checkProjectIds({ project, ops });
  if (project === undefined) throw new WrongUsage('Name the project to look at: --project ID.');
  const [form, expected] = POLICY_URI;
  if (policyUri !== undefined && !form.test(policyUri))
    throw new WrongUsage(`--policy-uri is ${JSON.stringify(policyUri)}; expected ${expected}.`);
  const severity = failOn === undefined ? undefined : oneOf('fail-on', failOn, SEVERITIES);
  return {
    file,
    project,
    ops,
    policyUri,
    failOn: severity,
    format: oneOf('format', format, FORMATS),
    outFile: out,
  };
}

if (import.meta.main) {
  const runtime = createRuntime('guardrail-audit');
  const gcloud = installedGcloud(process.env, process.cwd());
  process.exitCode = await auditCommand(process.argv.slice(2), runtime, {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    signIn: (project) => signIn({ gcloud, environment: process.env, standard: runtime.auth }, project),
  });
}
