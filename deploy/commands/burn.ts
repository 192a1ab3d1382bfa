import { writeFile } from 'node:fs/promises';
import { messageOf, PermanentError } from '../../shared/errors.ts';
import { GoogleApiError } from '../../shared/google/google-api-error.ts';
import type { GoogleAuth } from '../../shared/google/impersonate.ts';
import type { Policy } from '../../shared/policy/policy.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import { Refusal } from '../../shared/run/handle-request.ts';
import { createLog } from '../../shared/run/log.ts';
import { createRuntimeApi } from '../../shared/run/runtime-api.ts';
import { createRuntime, type Runtime } from '../../shared/run/runtime.ts';
import { createState } from '../../shared/state/state.ts';
import { configureWatch } from '../../functions/spend-watch/config.ts';
import { writeMetrics } from '../../functions/spend-watch/report/metrics.ts';
import { renderBurnPage } from '../../functions/spend-watch/report/page.ts';
import { readBurn } from '../../functions/spend-watch/report/read.ts';
import type { BurnReport } from '../../functions/spend-watch/report/report.ts';
import { installedGcloud } from '../actual/gcloud.ts';
import { checkProjectIds, oneOf, readCommandLine, runCommand } from '../command-line.ts';
import { WrongUsage } from '../desired/problem.ts';
import { burnTable } from './burn-table.ts';
import { readCommandPolicy } from './command-policy.ts';
import { signedIn, signIn } from './sign-in.ts';

const FUNCTION = 'spend-watch';
const FORMATS = ['table', 'json', 'openmetrics', 'html'] as const;
type Format = (typeof FORMATS)[number];

const usage = `Usage: npm run burn -- [FILE] [--project ID] [--ops OPS]
                   [--format table|json|openmetrics|html] [--out FILE]

Says what runs now costs an hour, and what is spent by now, ahead of billing:
what GET of spend-watch answers, read with your own rights from the ledgers that
its ticks wrote. It looks at nothing anew and changes nothing.
  FILE       the policy, with the section "watch" and the state bucket;
             ./costguard.yaml when absent
  --project  one project of the policy's scope; all of the scope when absent
  --ops      the operations project, which calls are billed to; when absent that
             of the policy's topic "receipts", or --project
  --format   table when absent
  --out      a file instead of standard output
Exit code: 0 told, 1 the burn of nothing is known (what cannot be read is
unknown, not zero), 2 wrong usage or policy, 3 you are not signed in. It takes
roles/storage.objectViewer on the state bucket and resourcemanager.projects.get,
and of a folder its projects.
`;

interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export interface BurnCommandOptions extends Output {
  readonly signIn?: (project: string) => Promise<GoogleAuth>;
  /** Where costguard.yaml is looked for; the working directory when absent. */
  readonly folder?: string;
}

interface Arguments {
  /** Undefined for costguard.yaml. */
  readonly file: string | undefined;
  /** Undefined for the whole scope. */
  readonly project: string | undefined;
  readonly ops: string | undefined;
  readonly format: Format;
  readonly outFile: string | undefined;
}

/** The command; answers its exit code, as the usage says. */
export function burnCommand(
  args: readonly string[],
  runtime: Runtime,
  options: BurnCommandOptions,
): Promise<number> {
  return runCommand(usage, options, () => burn(readArguments(args), runtime, options));
}

const UNKNOWN = 1;
const WRONG_USAGE = 2;
const NOT_SIGNED_IN = 3;
/** A user waits at the keyboard. */
const TIMEOUT_MS = 120_000;

async function burn(
  { file, project, ops: named, format, outFile }: Arguments,
  runtime: Runtime,
  { out, err, signIn: open, folder = '.' }: BurnCommandOptions,
): Promise<number> {
  const call = 'npm run burn -- FILE';
  const policy = await readCommandPolicy({ named: file, folder, section: 'watch', call }, err);
  if (policy === undefined) return WRONG_USAGE;
  const { receiptsTopic } = policy;
  const ops = named ?? receiptsTopic?.split('/')[1] ?? runtime.environment['GOOGLE_CLOUD_PROJECT'] ?? project;
  if (ops === undefined) {
    err('Name the operations project: --ops OPS. The policy has no topic "receipts".\n');
    return WRONG_USAGE;
  }
  const auth = await signedIn(open === undefined ? undefined : () => open(ops), runtime.auth, err);
  if (auth === undefined) return NOT_SIGNED_IN;
  try {
    const context = contextOf(policy, runtime, auth, err);
    const report = await readBurn(context, configureWatch(policy), { project });
    const text = textOf(report, format);
    if (outFile === undefined) out(text);
    else await writeFile(outFile, text);
    return report.total.burnUsdPerHour === 'unknown' ? UNKNOWN : 0;
  } catch (error) {
    if (!(error instanceof PermanentError || error instanceof GoogleApiError)) throw error;
    err(`${messageOf(error)}\n`);
    return error instanceof Refusal || policy.stateBucket === undefined ? WRONG_USAGE : UNKNOWN;
  }
}

function contextOf(
  policy: Policy,
  runtime: Runtime,
  auth: GoogleAuth,
  err: (text: string) => void,
): EventContext {
  const api = createRuntimeApi(runtime, TIMEOUT_MS, auth);
  const bucket = policy.stateBucket;
  return {
    runtime: { ...runtime, functionName: FUNCTION, auth },
    api,
    log: createLog(
      (line) => {
        err(`${line}\n`);
      },
      { function: FUNCTION },
    ),
    policy,
    state: bucket === undefined ? undefined : createState({ api, bucket }),
  };
}

function textOf(report: BurnReport, format: Format): string {
  switch (format) {
    case 'table':
      return burnTable(report);
    case 'json':
      return `${JSON.stringify(report, undefined, 2)}\n`;
    case 'openmetrics':
      return writeMetrics(report);
    case 'html':
      return renderBurnPage(report).text;
  }
}

function readArguments(args: readonly string[]): Arguments {
  const text = { type: 'string' } as const;
  const options = { project: text, ops: text, format: text, out: text };
  const { values, positionals } = readCommandLine(usage, args, options);
  const [file, ...more] = positionals;
  const { project, ops, format = 'table', out } = values;
  if (more.length > 0) throw new WrongUsage('Name one policy file.');
  checkProjectIds({ project, ops });
  return { file, project, ops, format: oneOf('format', format, FORMATS), outFile: out };
}

if (import.meta.main) {
  const runtime = createRuntime(FUNCTION);
  const gcloud = installedGcloud(process.env, process.cwd());
  process.exitCode = await burnCommand(process.argv.slice(2), runtime, {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    signIn: (project) => signIn({ gcloud, environment: process.env, standard: runtime.auth }, project),
  });
}
