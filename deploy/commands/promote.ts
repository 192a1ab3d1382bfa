import type { Policy } from '../../shared/policy/policy.ts';
import { readCommandLine } from '../command-line.ts';
import { readHealth, type Health } from '../actual/health.ts';
import {
  chooseFunctions,
  prepare,
  readPlace,
  required,
  run,
  desiredWithDigests,
  desiredWithoutDigests,
  type Place,
  type Tools,
} from './command.ts';
import { deploy, DEPLOY_OPTIONS, readDeployOptions } from './deploy.ts';
import { readLastLine, UNREADABLE } from '../actual/last-run.ts';
import { planDeploy } from '../plan/plan.ts';
import { judgeUnread } from './unread.ts';
import { NotReady, type Problem } from '../desired/problem.ts';
import { readActual } from '../actual/read-actual.ts';
import type { Desired } from '../desired/desired.ts';

const usage = `Usage: deploy/promote.sh [FUNCTION…] --from costguard.staging.yaml
           --staging STAGING_OPS --policy costguard.yaml --project OPS
           --region REGION [--plan] [options of deploy.sh]

Brings to production what has proved itself in staging. It goes on only when the
staging deployment is just what its policy and this checkout's code say, every
function in it answers, has run since it was deployed, and did not end in an
error. Then it shows how the two policies differ and does what deploy.sh does.
  --from FILE            the policy of staging
  --staging STAGING_OPS  the operations project of staging
  --staging-region       its region; that of production when absent
Exit code: 0 production is as it should be, 1 it is not, 2 wrong usage.
`;

export async function promoteCommand(args: readonly string[], tools: Tools): Promise<number> {
  return run(usage, tools, async () => {
    const text = { type: 'string' } as const;
    const { values, positionals } = readCommandLine(usage, args, {
      ...DEPLOY_OPTIONS,
      from: text,
      staging: text,
      'staging-region': text,
    });
    const options = readDeployOptions(values);
    const production = await readPlace(values);
    const staging = await readPlace({
      policy: required(values, 'from', 'costguard.staging.yaml'),
      project: required(values, 'staging', 'my-staging-project'),
      region: values['staging-region'] ?? production.region,
    });
    const chosen = await chooseFunctions(positionals, production.policy);
    const problems = [
      ...judgeApart(staging, production),
      ...(await examineStaging(
        tools,
        staging,
        chosen.functions.map(({ name }) => name),
      )),
    ];
    if (problems.length > 0) throw new NotReady(problems);
    tools.out(`# Staging has proved itself. How the policies differ (staging, production):\n`);
    for (const line of differences(staging.policy, production.policy)) tools.out(`#   ${line}\n`);
    return deploy(tools, production, chosen, { plan: values['plan'] === true, options });
  });
}

/** Staging proves nothing where it is production. */
function judgeApart(staging: Place, production: Place): readonly Problem[] {
  const problems: Problem[] = [];
  if (staging.project === production.project)
    problems.push({
      what: `${staging.project} is named as staging and as production.`,
      remedy: ['Give staging an operations project of its own'],
    });
  const shared = staging.policy.scope.filter((on) => production.policy.scope.includes(on));
  if (shared.length > 0)
    problems.push({
      what: `Staging and production both look after ${shared.join(', ')}.`,
      remedy: ['Give staging projects of its own in scope'],
    });
  return problems;
}

async function examineStaging(
  tools: Tools,
  staging: Place,
  names: readonly string[],
): Promise<readonly Problem[]> {
  const { functions } = await chooseFunctions(names, staging.policy);
  const bare = desiredWithoutDigests(staging, functions);
  const hostProject = await prepare(tools, bare);
  const [actual] = await Promise.all([
    readActual(tools.gcloud, bare, hostProject),
    tools.build(staging.policyFile),
  ]);
  const unread = judgeUnread(bare, actual);
  if (unread.length > 0) return unread;
  const desired = await desiredWithDigests(tools.distDir, bare);
  const again = `deploy/deploy.sh ${names.join(' ')} --policy ${staging.policyFile} --project ${staging.project} --region ${staging.region}`;
  const open = planDeploy(desired, actual);
  if (open.length > 0)
    return [
      {
        what: `Staging is not what its policy and this checkout say: ${open.map(({ why }) => why).join('; ')}.`,
        remedy: [again],
      },
    ];
  const health = await readHealth(tools, desired, functions, actual);
  const problems: Problem[] = [];
  for (const { name, settings } of functions) {
    const deployedAt = actual.functions.get(name)?.updateTime;
    const tick =
      settings.trigger === 'schedule'
        ? `gcloud scheduler jobs run costguard-${name} --location=${staging.region} --project=${staging.project}`
        : `See "Run it once by hand" in functions/${name}/README.md`;
    problems.push(...(await judgeRun(tools, desired, name, { answer: health.get(name), deployedAt, tick })));
  }
  return problems;
}

async function judgeRun(
  { gcloud }: Tools,
  staging: Desired,
  name: string,
  { answer, deployedAt, tick }: { answer: Health | undefined; deployedAt: string | undefined; tick: string },
): Promise<readonly Problem[]> {
  const logs = `gcloud functions logs read ${name} --gen2 --region=${staging.region} --project=${staging.project} --limit=50`;
  if (answer?.works === false) return [{ what: `In staging ${name} ${answer.says}.`, remedy: [logs] }];
  const last = await readLastLine(gcloud, staging, name);
  if (last?.severity === UNREADABLE)
    return [{ what: `How ${name} ran last in staging cannot be read: ${last.message}`, remedy: [logs] }];
  if (last === undefined || Date.parse(last.at) < Date.parse(deployedAt ?? ''))
    return [{ what: `${name} has not run in staging since it was deployed.`, remedy: [tick] }];
  if (last.severity === 'ERROR')
    return [{ what: `${name} failed in staging at ${last.at}: ${last.message}`, remedy: [logs] }];
  return [];
}

/** One line for each key whose value differs. */
function differences(staging: Policy, production: Policy): readonly string[] {
  const before = flat(staging);
  const after = flat(production);
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => `${key}: ${before.get(key) ?? 'absent'}, ${after.get(key) ?? 'absent'}`);
}

function flat(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Map(value === undefined ? [] : [[path, JSON.stringify(value)]]);
  return new Map(
    Object.entries(value).flatMap(([key, inner]) => [...flat(inner, path === '' ? key : `${path}.${key}`)]),
  );
}
