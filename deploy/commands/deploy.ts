import { readCommandLine } from '../command-line.ts';
import { readHealth } from '../actual/health.ts';
import type { HostProject } from './host-project.ts';
import {
  chooseFunctions,
  prepare,
  many,
  PLACE_OPTIONS,
  readPlace,
  run,
  desiredWithDigests,
  desiredWithoutDigests,
  type Chosen,
  type DeployOptions,
  type Place,
  type Preflight,
  type Tools,
  type Values,
} from './command.ts';
import { describeDashboards } from '../plan/dashboard.ts';
import { describeLeftover, leftoversOf } from '../plan/leftovers.ts';
import { planDeploy } from '../plan/plan.ts';
import { checkCaller, judgeBucket, judgePolicyUri, judgeReach, judgeRegion } from './preconditions.ts';
import { judgeUnread } from './unread.ts';
import type { Actual } from '../actual/actual.ts';
import { policyUriOf } from '../actual/actual-access.ts';
import { NotReady, WrongUsage } from '../desired/problem.ts';
import { readActual } from '../actual/read-actual.ts';
import { applyInRounds } from './rounds.ts';
import { showPlan } from '../desired/step.ts';
import { writesMetrics } from '../desired/access.ts';
import type { Desired } from '../desired/desired.ts';
import { commented, formerRolesThatStay, unlinkMayBeRefused, rightsBesideUri } from '../plan/what-stays.ts';

const usage = `Usage: deploy/deploy.sh [FUNCTION…] --policy costguard.yaml --project OPS
           --region REGION [options]

Deploys costguard's functions: those that are named, or else those whose section
the policy has. What is right already is left alone, so that it can be run again
at any time, also after it was interrupted. A function that is deployed and
whose section is gone from the policy is not removed but named, with the command
that removes it, and the exit code is 1.
  --policy FILE            the policy
  --project OPS            the operations project, which the functions run in
  --region REGION          where they run, such as us-central1
  --plan                   look at what is there and print the commands that
                           would change it; change nothing
  --invoker MEMBER         may call the functions that answer over HTTP, such as
                           group:ml-ops@example.com; repeatable
  --alert-channel CHANNEL  who is told when the switch acts:
                           projects/P/notificationChannels/N; repeatable
  --billing-roles KIND     on billing accounts: custom, the default: roles of
                           the account's organization with exactly what is used,
                           where it has one; or predefined: roles/billing.viewer
                           and roles/billing.user, which lack the account's
                           right to unlink, which Google may want. It is
                           remembered, also by the other scripts
Exit code: 0 all is as it should be, 1 it is not, 2 wrong usage, 3 all is
deployed, but a check of the kill switch could not run.
`;

const MEMBER = /^(?:user|group|serviceAccount|domain|principal|principalSet):\S+$/;
const CHANNEL = /^projects\/[^/\s]+\/notificationChannels\/[^/\s]+$/;

/** Of deploy.sh, and of promote.sh, which ends in the same. */
export const DEPLOY_OPTIONS = {
  ...PLACE_OPTIONS,
  plan: { type: 'boolean' },
  invoker: { type: 'string', multiple: true },
  'alert-channel': { type: 'string', multiple: true },
  'billing-roles': { type: 'string' },
} as const;

export async function deployCommand(args: readonly string[], tools: Tools): Promise<number> {
  return run(usage, tools, async () => {
    const { values, positionals } = readCommandLine(usage, args, DEPLOY_OPTIONS);
    const options = readDeployOptions(values);
    const place = await readPlace(values);
    const chosen = await chooseFunctions(positionals, place.policy);
    return deploy(tools, place, chosen, { plan: values['plan'] === true, options });
  });
}

export function readDeployOptions(values: Values): DeployOptions {
  const invokers = many(values, 'invoker');
  const alertChannels = many(values, 'alert-channel');
  const billingRoles = values['billing-roles'];
  check('--invoker', invokers, MEMBER, 'an IAM member such as group:ml-ops@example.com');
  check('--alert-channel', alertChannels, CHANNEL, 'projects/P/notificationChannels/N');
  if (billingRoles !== undefined && billingRoles !== 'predefined' && billingRoles !== 'custom')
    throw new WrongUsage(`--billing-roles is "${String(billingRoles)}"; expected predefined or custom.`);
  return { invokers, alertChannels, billingRoles };
}

function check(flag: string, given: readonly string[], pattern: RegExp, desired: string): void {
  const wrong = given.find((one) => !pattern.test(one));
  if (wrong !== undefined) throw new WrongUsage(`${flag} is "${wrong}"; expected ${desired}.`);
}

/** The whole of it, once the arguments are read. */
export async function deploy(
  tools: Tools,
  place: Place,
  { functions, left }: Chosen,
  { plan, options }: { readonly plan: boolean; readonly options: DeployOptions },
): Promise<number> {
  const { out } = tools;
  const bare = desiredWithoutDigests(place, functions, options);
  const hostProject = await prepare(tools, bare);
  const refused = [
    ...judgeReach(bare, hostProject),
    ...(await checkCaller(bare, hostProject, tools.missingPermissions)),
  ];
  if (refused.length > 0) throw new NotReady(refused);

  const [before] = await Promise.all([look(tools, bare, hostProject), tools.build(place.policyFile)]);
  const desired = await desiredWithDigests(tools.distDir, bare);
  const steps = planDeploy(desired, before);
  for (const { says } of before.unread) out(`${commented(`Left out of the plan: ${says}`)}\n`);
  const leftovers = leftoversOf(left, before);
  for (const { name, why } of left)
    if (!leftovers.some((one) => one.name === name)) out(`# ${name} is left out: ${why}\n`);
  for (const one of leftovers) out(`# ${describeLeftover(one, place)}\n`);
  if (steps.length === 0) out(`${plan ? '# ' : ''}Nothing to do: all is as it should be.\n`);
  else if (plan)
    out(
      `# Project ${place.project} was looked at, nothing was changed. To be run in the folder of the repository:\n\n${showPlan(steps)}`,
    );
  const stays = writesMetrics(desired.policy) ? [] : describeDashboards(desired, before);
  for (const line of [
    ...formerRolesThatStay(desired, before),
    ...unlinkMayBeRefused(desired, before),
    ...rightsBesideUri(desired, before),
    ...stays,
  ])
    out(`${commented(line)}\n`);
  if (plan) return 0;
  const actual = await applyInRounds(tools, desired, hostProject, { actual: before, steps });
  const code = await lookAfterwards(tools, place, functions, { actual, changed: steps.length > 0 });
  return leftovers.length > 0 ? 1 : code;
}

async function look({ gcloud }: Tools, desired: Desired, hostProject: HostProject): Promise<Actual> {
  const actual = await readActual(gcloud, desired, hostProject);
  const refused = [
    ...judgeRegion(desired, actual),
    ...judgeUnread(desired, actual),
    ...judgeBucket(desired, actual),
    ...judgePolicyUri(desired, actual),
  ];
  if (refused.length > 0) throw new NotReady(refused);
  return actual;
}

/** New roles are known everywhere after two minutes as a rule, after seven at times: iam/docs/access-change-propagation. */
const SETTLED_WITHIN_MS = 7 * 60_000;
const LOOK_AGAIN_MS = 20_000;

interface Findings {
  readonly health: Awaited<ReturnType<typeof readHealth>>;
  readonly preflight: Preflight | undefined;
}

/** Whether each function answers, and whether the switch would work. */
async function lookAfterwards(
  tools: Tools,
  place: Place,
  functions: Chosen['functions'],
  { actual, changed }: { readonly actual: Actual; readonly changed: boolean },
): Promise<number> {
  const { policyFile, project, region } = place;
  const guard = functions.find(({ settings }) => settings.trigger === 'budget')?.name;
  const look = async (): Promise<Findings> => ({
    health: await readHealth(tools, { project, region }, functions, actual),
    preflight:
      guard === undefined
        ? undefined
        : await tools.preflight(policyFile, project, policyUriOf(actual, guard)),
  });
  let findings = await look();
  let waitedMs = 0;
  while (changed && isOpen(findings) && waitedMs < SETTLED_WITHIN_MS) {
    if (waitedMs === 0)
      tools.out(
        `Waiting for what was just granted to be known everywhere, up to ${SETTLED_WITHIN_MS / 60_000} min\n`,
      );
    await tools.sleep(LOOK_AGAIN_MS);
    waitedMs += LOOK_AGAIN_MS;
    findings = await look();
  }
  return tell(tools, place, findings);
}

/** Something is wrong that may pass by itself. */
function isOpen({ health, preflight }: Findings): boolean {
  return (
    [...health.values()].some(({ works, settling }) => !works && settling === true) ||
    preflight?.settling === true
  );
}

function tell({ out }: Tools, { project, region }: Place, { health, preflight }: Findings): number {
  for (const [name, { works, says }] of health) {
    out(`${name}: ${says}\n`);
    if (!works)
      out(
        `    gcloud functions logs read ${name} --gen2 --region=${region} --project=${project} --limit=50\n`,
      );
  }
  out(preflight?.text ?? '');
  const unfit = preflight?.code ?? 0;
  if (unfit === 3)
    out(
      'All is deployed, but not every check of the kill switch could run: see "could not be checked" above.\n',
    );
  if (![...health.values()].every(({ works }) => works)) return 1;
  return unfit === 0 || unfit === 3 ? unfit : 1;
}
