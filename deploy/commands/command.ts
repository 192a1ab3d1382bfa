import { messageOf } from '../../shared/errors.ts';
import { deleteAllProblems } from '../../functions/lifecycle-enforcer/lint/policy.ts';
import { PolicyError, type Policy } from '../../shared/policy/policy.ts';
import type { PolicyStage } from '../../shared/policy/checks.ts';
import type { HostProject } from './host-project.ts';
import type { ProbeFunction } from '../actual/health.ts';
import { checkGcloud, readHostProject } from './host-project.ts';
import type { Effects } from './apply.ts';
import { GcloudFailed, type Gcloud } from '../actual/gcloud.ts';
import { runCommand, type CommandOptions } from '../command-line.ts';
import { NotReady, WrongUsage } from '../desired/problem.ts';
import type { MissingPermissions } from './preconditions.ts';
import { problemLines, readPolicyFile } from '../policy/policy-file.ts';
import { lackOf, readFunctions, type FunctionSettings } from '../desired/settings.ts';
import { withDigests, type Desired } from '../desired/desired.ts';

/** What the commands take from their process. */
export interface Tools {
  readonly gcloud: Gcloud;
  readonly missingPermissions: MissingPermissions;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly now: () => Date;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Builds the bundles with a policy file. */
  readonly build: (policyFile: string) => Promise<void>;
  /** Holds the bundles. */
  readonly distDir: string;
  /** Asks a question on the terminal; the answer, empty without a terminal. */
  readonly ask: (question: string) => Promise<string>;
  readonly probeFunction: ProbeFunction;
  /** Runs the preflight on a policy; on the one at `policyUri` where the switch reads that. */
  readonly preflight: (policyFile: string, project: string, policyUri?: string) => Promise<Preflight>;
}

export interface Preflight {
  /** 0 nothing fails, 1 something fails, 3 nothing fails and a check could not run. */
  readonly code: number;
  /** To be printed. */
  readonly text: string;
  /** Some check may pass as soon as what was granted a moment ago is known everywhere. */
  readonly settling: boolean;
}

/** Runs a command and turns what it throws into an exit code: 1 it did not work, 2 wrong usage. */
export async function run(usage: string, tools: Tools, command: () => Promise<number>): Promise<number> {
  try {
    return await runCommand(usage, tools, command);
  } catch (error) {
    if (error instanceof NotReady) tools.err(`${error.message}\n\nNothing was changed.\n`);
    else if (error instanceof GcloudFailed) tools.err(`${error.message}\n${quotaRemedy(error.message)}`);
    else tools.err(`${messageOf(error)}\n`);
    return 1;
  }
}

/** Who may see a budget may all the same not spend the quota of the project that the call names (USER_PROJECT_DENIED). */
function quotaRemedy(message: string): string {
  if (!/serviceusage\.services\.use|USER_PROJECT_DENIED/.test(message)) return '';
  const [, project = 'PROJECT'] = /permission to use project ([a-z0-9.:-]*[a-z0-9])/.exec(message) ?? [];
  return `    gcloud projects add-iam-policy-binding ${project} --member=user:YOUR_EMAIL --role=roles/serviceusage.serviceUsageConsumer --condition=None\n`;
}

export type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export const PLACE_OPTIONS = {
  policy: { type: 'string' },
  project: { type: 'string' },
  region: { type: 'string' },
} as const satisfies CommandOptions;

export const PROJECT = /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
const REGION = /^[a-z]+-[a-z]+[0-9]+$/;

/** A required option's value. */
export function required(values: Values, name: string, example: string, pattern = /^.+$/): string {
  const value = values[name];
  if (typeof value !== 'string') throw new WrongUsage(`--${name} is missing: --${name} ${example}`);
  if (!pattern.test(value)) throw new WrongUsage(`--${name} is "${value}"; expected one such as ${example}.`);
  return value;
}

export function many(values: Values, name: string): readonly string[] {
  const value = values[name];
  return typeof value === 'object' ? value : [];
}

export interface Place {
  readonly policyFile: string;
  readonly policy: Policy;
  readonly project: string;
  readonly region: string;
}

/** `--policy`, `--project` and `--region`, checked. */
export async function readPlace(values: Values): Promise<Place> {
  const project = required(values, 'project', 'my-ops-project', PROJECT);
  const region = required(values, 'region', 'us-central1', REGION);
  const policyFile = required(values, 'policy', 'costguard.yaml');
  return { policyFile, policy: await readPolicy(policyFile), project, region };
}

/** The policy to deploy. Throws {@link NotReady} with every problem. */
export async function readPolicy(file: string, stage?: PolicyStage): Promise<Policy> {
  try {
    const policy = await readPolicyFile(file, stage);
    const problems = deleteAllProblems(policy.lifecycle?.policies ?? [], new Date());
    if (problems.length > 0) throw new PolicyError(problems);
    return policy;
  } catch (error) {
    throw new NotReady(problemLines(file, error).map((what) => ({ what, remedy: [] })));
  }
}

/** The functions that were named, all when none is. */
export async function namedFunctions(named: readonly string[]): Promise<readonly FunctionSettings[]> {
  const all = await readFunctions();
  const unknown = named.filter((name) => !all.some((fn) => fn.name === name));
  if (unknown.length > 0)
    throw new WrongUsage(
      `There is no function ${unknown.map((name) => `"${name}"`).join(', ')}; there are ${all.map(({ name }) => name).join(', ')}.`,
    );
  return named.length === 0 ? all : all.filter(({ name }) => named.includes(name));
}

export interface Chosen {
  readonly functions: readonly FunctionSettings[];
  /** Functions that the policy has no section for, with the reason. */
  readonly left: readonly { readonly name: string; readonly why: string }[];
}

/** The functions that were named, or all that the policy has a section for. */
export async function chooseFunctions(named: readonly string[], policy: Policy): Promise<Chosen> {
  const candidates = await namedFunctions(named);
  const sections = candidates.map(({ settings }) => settings.needs);
  const left = candidates.flatMap(({ name, settings }) => {
    const why = lackOf(policy, settings);
    return why === undefined ? [] : [{ name, why }];
  });
  if (named.length > 0 && left.length > 0)
    throw new NotReady(
      left.map(({ name, why }) => ({
        what: `${name} cannot be deployed: ${why}.`,
        remedy: ['Add it, see deploy/costguard.example.yaml'],
      })),
    );
  if (left.length === candidates.length)
    throw new NotReady([
      {
        what: `The policy has none of the sections ${[...new Set(sections)].sort().join(', ')}: what is not written is not deployed.`,
        remedy: [
          'Add the sections of the functions that you want, see deploy/costguard.example.yaml',
          'deploy/teardown.sh removes what is deployed',
        ],
      },
    ]);
  return { functions: candidates.filter(({ name }) => !left.some((one) => one.name === name)), left };
}

/** What is desired, before the bundles are built. */
export function desiredWithoutDigests(
  { policy, project, region }: Place,
  functions: readonly FunctionSettings[],
  options: Partial<DeployOptions> = {},
): Desired {
  return {
    project,
    region,
    policy,
    functions: functions.map((fn) => ({ ...fn, sourceDigest: '', policyDigest: '' })),
    invokers: [],
    alertChannels: [],
    billingRoles: undefined,
    ...options,
  };
}

/** What the arguments of deploy.sh choose beside the place. */
export type DeployOptions = Pick<Desired, 'invokers' | 'alertChannels' | 'billingRoles'>;

/** The same with the digests of the bundles that lie in `distDir`. */
export async function desiredWithDigests(distDir: string, bare: Desired): Promise<Desired> {
  return {
    ...bare,
    functions: await Promise.all(bare.functions.map((fn) => withDigests(fn, bare.policy, distDir))),
  };
}

/** The first looks. Throws {@link NotReady} when something is wrong with gcloud, the project or the policy's places. */
export async function prepare({ gcloud }: Tools, desired: Desired): Promise<HostProject> {
  await checkGcloud(
    gcloud,
    desired.functions.some(({ settings }) => settings.alert),
  );
  const { hostProject, problems } = await readHostProject(gcloud, desired);
  if (problems.length > 0) throw new NotReady(problems);
  return hostProject;
}

/** The commands' progress goes to standard output, line by line. */
export function effectsOf({ gcloud, sleep, now, out }: Tools): Effects {
  return {
    gcloud,
    sleep,
    now,
    say: (line) => {
      out(`${line}\n`);
    },
  };
}
