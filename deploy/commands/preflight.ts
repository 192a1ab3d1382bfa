import type { GoogleAuth } from 'google-auth-library';
import { createRuntimeApi } from '../../shared/run/runtime-api.ts';
import { impersonate } from '../../shared/google/impersonate.ts';
import type { Policy } from '../../shared/policy/policy.ts';
import { runPreflight, type Check, type PreflightOptions } from '../../shared/preflight/preflight.ts';
import { createRuntime, type Runtime } from '../../shared/run/runtime.ts';
import { DEPLOYED_RUNTIME } from '../../shared/preflight/runtime-support.ts';
import { readCommandLine, runCommand } from '../command-line.ts';
import { installedGcloud } from '../actual/gcloud.ts';
import { operationsRoles } from '../desired/access.ts';
import { emailOf, topicOf } from '../desired/names.ts';
import { usablePolicy } from '../policy/policy-file.ts';
import { WrongUsage } from '../desired/problem.ts';
import { readFunctions } from '../desired/settings.ts';
import { signedIn, signIn } from './sign-in.ts';

const SWITCH = 'budget-kill-switch';

const usage = `Usage: npm run preflight -- FILE [--project OPS] [--topic projects/P/topics/T]
           [--account EMAIL] [--runtime ID] [--policy-uri gs://B/O]
           [--format text|json]

Checks whether the kill switch would work if it had to, and prints what fixes
what is wrong. It changes nothing.
  FILE       the policy, such as costguard.yaml
  --project  the operations project, which the switch runs in; when absent that
             of the policy's topic "receipts", or else GOOGLE_CLOUD_PROJECT
  --topic    the topic it listens to; when absent
             projects/OPS/topics/costguard-budget-kill-switch
  --account  its service account; when absent
             budget-kill-switch@OPS.iam.gserviceaccount.com
  --runtime  the runtime it is deployed on; ${DEPLOYED_RUNTIME} when absent
  --policy-uri  its POLICY_URI, where it reads its policy from a bucket:
             that one is checked in place of FILE, read in the switch's name
Exit code: 0 every check ran and nothing fails, 1 something fails, 2 wrong
usage, 3 nothing fails, but a check could not run: Google did not answer, or you
may not look. What no check can tell, such as a locked billing link, counts for
nothing.
You need to be signed in (gcloud auth login, or gcloud auth application-default
login) and to hold roles/iam.serviceAccountTokenCreator on the switch's account:
what that account may do is tested in its name. The proxy of HTTPS_PROXY and
NO_PROXY is taken for every call.
`;

interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export interface PreflightCommandOptions extends Output {
  /** Told of the checks. */
  readonly checked?: (checks: readonly Check[]) => void;
  /** The caller; `project` is the quota project. The runtime's own credentials when absent. Throws `NotSignedIn`. */
  readonly signIn?: (project: string) => Promise<GoogleAuth>;
}

interface Requested {
  readonly file: string;
  /** What was not given is told by the policy. */
  readonly given: Partial<Omit<PreflightOptions, 'runtime'>> & Pick<PreflightOptions, 'runtime'>;
  readonly format: 'text' | 'json';
}

/** The command; answers its exit code, as the usage says. An unusable policy is 1, not being signed in is 3. */
export async function preflightCommand(
  args: readonly string[],
  runtime: Runtime,
  options: PreflightCommandOptions,
): Promise<number> {
  return runCommand(usage, options, () => preflight(readArguments(args), runtime, options));
}

async function preflight(
  { file, given, format }: Requested,
  runtime: Runtime,
  { out, err, checked, signIn: openAuth }: PreflightCommandOptions,
): Promise<number> {
  const policy = await usablePolicy(file, err);
  if (policy === undefined) return 1;
  const options = complete(given, policy, runtime.environment['GOOGLE_CLOUD_PROJECT']);
  if (options === undefined) throw new WrongUsage('Name the operations project: --project OPS.');
  const open = openAuth === undefined ? undefined : () => openAuth(options.project);
  const auth = await signedIn(open, runtime.auth, err);
  if (auth === undefined) return NOT_RUN;
  const checks = await runPreflight(
    {
      api: createRuntimeApi(runtime, TIMEOUT_MS, auth),
      switchApi: createRuntimeApi(runtime, TIMEOUT_MS, impersonate(auth, options.account)),
      auth,
      now: runtime.now(),
    },
    policy,
    { ...options, ownRoles: operationsRoles({ project: options.project, policy }, await readFunctions()) },
  );
  out(
    format === 'json'
      ? `${JSON.stringify({ checks, summary: count(checks) }, undefined, 2)}\n`
      : show(checks),
  );
  checked?.(checks);
  if (checks.some((check) => check.status === 'fail')) return 1;
  return checks.some(({ notRun }) => notRun === true) ? NOT_RUN : 0;
}

/** Exit code: nothing fails, but a check could not run. */
const NOT_RUN = 3;

/** Whether a check may end otherwise as soon as what was enabled or granted a moment ago is known everywhere. */
export function isSettling({ status, remedy }: Check): boolean {
  const says = (pattern: RegExp): boolean => remedy.some((line) => pattern.test(line));
  return status === 'fail'
    ? says(/add-iam-policy-binding|iam roles (?:create|update)/)
    : status === 'unknown' && says(/services enable|service-accounts create/);
}

/** How a policy in a bucket is named. */
export const POLICY_URI = [/^gs:\/\/[a-z0-9._-]+\/.+$/, 'gs://BUCKET/OBJECT'] as const;

/** What these go into are commands to be pasted into a shell. */
const FORMS = {
  project: [/^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]*$/, 'a project id'],
  topic: [/^projects\/(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]*\/topics\/[\w.~+%-]+$/, 'projects/P/topics/T'],
  account: [/^[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com$/, "a service account's e-mail address"],
  runtime: [/^[a-z]+[0-9]+$/, 'a runtime such as nodejs24'],
  'policy-uri': POLICY_URI,
  format: [/^(?:text|json)$/, 'text or json'],
} as const;

function readArguments(args: readonly string[]): Requested {
  const text = { type: 'string' } as const;
  const { values, positionals } = readCommandLine(usage, args, {
    project: text,
    topic: text,
    account: text,
    runtime: text,
    'policy-uri': text,
    format: text,
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new WrongUsage('Name one policy file.');
  for (const [name, value] of Object.entries(values)) {
    const [, [form, expected] = []] = Object.entries(FORMS).find(([known]) => known === name) ?? [];
    if (form?.test(value) === false)
      throw new WrongUsage(`--${name} is ${JSON.stringify(value)}; expected ${expected}.`);
  }
  const { format, runtime = DEPLOYED_RUNTIME, 'policy-uri': uri, ...given } = values;
  const policyUri = uri === undefined ? {} : { policyUri: uri };
  return { file, format: format === 'json' ? 'json' : 'text', given: { ...given, ...policyUri, runtime } };
}

/** Undefined when nothing says which the operations project is. */
function complete(
  { project: named, ...given }: Requested['given'],
  { receiptsTopic }: Policy,
  fromEnvironment: string | undefined,
): PreflightOptions | undefined {
  const project = named ?? receiptsTopic?.split('/')[1] ?? fromEnvironment;
  if (project === undefined || !FORMS.project[0].test(project)) return undefined;
  return {
    project,
    topic: `projects/${project}/topics/${topicOf(SWITCH)}`,
    account: emailOf(SWITCH, project),
    ...given,
  };
}

/** A user waits at the terminal: what does not answer for so long could not be checked. */
const TIMEOUT_MS = 120_000;

function count(checks: readonly Check[]): Readonly<Record<Check['status'], number>> {
  const of = (status: Check['status']): number => checks.filter((check) => check.status === status).length;
  return { pass: of('pass'), warn: of('warn'), fail: of('fail'), unknown: of('unknown') };
}

/** A table by subject, below it what remedies it. */
function show(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ id }) => id.length));
  const lines = [...Map.groupBy(checks, ({ subject }) => subject)].flatMap(([subject, group]) => [
    subject,
    ...group.map(({ id, status, detail }) => `  ${status.padEnd(7)}  ${id.padEnd(width)}  ${detail}`),
    '',
  ]);
  // The same command may fix several checks, such as a role that two rungs need.
  const remedies = Map.groupBy(
    checks.filter(({ remedy }) => remedy.length > 0),
    ({ remedy }) => remedy.join('\n    '),
  );
  if (remedies.size > 0) lines.push('To fix it:');
  for (const [remedy, group] of remedies)
    lines.push(
      `  ${group.map(({ id }) => id).join(', ')} (${[...new Set(group.map(({ subject }) => subject))].join(', ')})`,
      `    ${remedy}`,
    );
  if (remedies.size > 0) lines.push('');
  const { pass, warn, fail, unknown } = count(checks);
  lines.push(`${pass} pass, ${warn} warn, ${fail} fail, ${unknown} could not check`);
  return `${lines.join('\n')}\n`;
}

if (import.meta.main) {
  const runtime = createRuntime('preflight');
  const gcloud = installedGcloud(process.env, process.cwd());
  process.exitCode = await preflightCommand(process.argv.slice(2), runtime, {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    signIn: (project) => signIn({ gcloud, environment: process.env, standard: runtime.auth }, project),
  });
}
