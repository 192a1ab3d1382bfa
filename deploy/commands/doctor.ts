import * as z from 'zod/mini';
import { daysUntilDecommission, nodeRuntimes } from '../../shared/preflight/runtime-support.ts';
import { resourceId } from '../../shared/google/resource-name.ts';
import { readCommandLine } from '../command-line.ts';
import { readHealth, type Health } from '../actual/health.ts';
import {
  prepare,
  namedFunctions,
  PLACE_OPTIONS,
  readPlace,
  run,
  desiredWithDigests,
  desiredWithoutDigests,
  type Tools,
} from './command.ts';
import { GcloudFailed, isNotFound, readJson, type Gcloud } from '../actual/gcloud.ts';
import { readLastLine, UNREADABLE, type LastLine } from '../actual/last-run.ts';
import { showOtherCost } from '../actual/other-cost.ts';
import { ownCost, readRunCounts, showOwnCost, type OwnCost } from '../actual/own-cost.ts';
import { DEAD_LETTERS_HOLD, jobOf, MADE_BY } from '../desired/names.ts';
import { describeDashboards } from '../plan/dashboard.ts';
import { describeLeftover, leftoversOf, type Leftover } from '../plan/leftovers.ts';
import { planDeploy } from '../plan/plan.ts';
import type { Actual } from '../actual/actual.ts';
import { parseList } from '../actual/read-answer.ts';
import { judgeRegion } from './preconditions.ts';
import { readActual } from '../actual/read-actual.ts';
import { lackOf } from '../desired/settings.ts';
import { shellLine } from '../desired/step.ts';
import type { Desired } from '../desired/desired.ts';

const usage = `Usage: deploy/doctor.sh [FUNCTION…] --policy costguard.yaml --project OPS
           --region REGION

Says how the deployed functions are: whether they answer, what they run on and
for how long that is served, when they ran last, what they cost a month,
messages that could not be handled, and where the deployment has drifted from
the policy. It changes nothing, and acknowledges no message.
Exit code: 0 all is well, 1 something is not, 2 wrong usage.
`;

/** Below this a runtime's end is something to act on. */
const RUNTIME_DAYS = 90;

export async function doctorCommand(args: readonly string[], tools: Tools): Promise<number> {
  return run(usage, tools, async () => {
    const { values, positionals } = readCommandLine(usage, args, PLACE_OPTIONS);
    const place = await readPlace(values);
    const all = await namedFunctions(positionals);
    const left = all.flatMap(({ name, settings }): readonly Leftover[] => {
      const why = lackOf(place.policy, settings);
      return why === undefined ? [] : [{ name, why }];
    });
    const deployable = all.filter(({ name }) => !left.some((one) => one.name === name));
    const bare = desiredWithoutDigests(place, deployable);
    const hostProject = await prepare(tools, bare);
    const [actual] = await Promise.all([
      readActual(tools.gcloud, bare, hostProject),
      tools.build(place.policyFile),
    ]);
    const desired = await desiredWithDigests(tools.distDir, bare);
    const { runErrors, ...examined } = await examine(tools, desired, actual);
    const leftovers = leftoversOf(left, actual).map((one) => describeLeftover(one, place));
    const report = { ...examined, runErrors: [...runErrors, ...leftovers] };
    tools.out(show(report));
    return report.runErrors.length > 0 ? 1 : 0;
  });
}

interface Report {
  readonly rows: readonly (readonly string[])[];
  /** What there is to say of dashboards. */
  readonly dashboards: readonly string[];
  /** What each function that is deployed costs. */
  readonly costs: ReadonlyMap<string, OwnCost | undefined>;
  readonly place: { readonly jobs: number; readonly stateBucket: string | undefined };
  readonly runErrors: readonly string[];
}

async function examine(tools: Tools, desired: Desired, actual: Actual): Promise<Report> {
  const { gcloud } = tools;
  const deployed = desired.functions.filter(({ name }) => actual.functions.has(name));
  const health =
    deployed.length > 0 ? await readHealth(tools, desired, deployed, actual) : new Map<string, Health>();
  const runErrors: string[] = [];
  const rows: string[][] = [];
  const costs = new Map<string, OwnCost | undefined>();
  for (const { name } of desired.functions) {
    const fn = actual.functions.get(name);
    if (fn === undefined) {
      rows.push([name, 'not deployed', '', '']);
      continue;
    }
    const answer = health.get(name);
    if (answer?.works === false)
      runErrors.push(
        `${name} ${answer.says}: gcloud functions logs read ${name} --gen2 --region=${desired.region} --project=${desired.project}`,
      );
    const last = await readLastLine(gcloud, desired, name);
    const unread: string[] = [];
    const counts = await readRunCounts(gcloud, desired, name, ({ says }) => void unread.push(says));
    // With a run that cannot be counted the cost is not known.
    costs.set(name, unread.length > 0 ? undefined : ownCost(counts));
    if (unread[0] !== undefined)
      runErrors.push(
        `What ${name} costs is not known, ${unread.length} of its runs cannot be counted: ${unread[0]}`,
      );
    if (last?.severity === UNREADABLE) runErrors.push(`How ${name} ran last cannot be read: ${last.message}`);
    if (last?.severity === 'ERROR') runErrors.push(`${name} failed at ${last.at}: ${last.message}`);
    const job = actual.jobs.get(jobOf(name));
    if (job?.paused === true)
      runErrors.push(
        `${name} does not tick, its job is paused: gcloud scheduler jobs resume ${jobOf(name)} --location=${desired.region} --project=${desired.project}`,
      );
    rows.push([name, answer?.says ?? '', showRuntime(fn.runtime, tools.now(), runErrors), showLast(last)]);
  }
  for (const [name, { labels }] of actual.functions)
    if (labels[MADE_BY.key] === MADE_BY.value && !desired.functions.some((fn) => fn.name === name))
      rows.push([name, 'deployed, and not named here', '', '']);
  runErrors.push(
    ...(await deadLetters(gcloud, desired, actual)),
    ...(await poison(gcloud, desired, actual)),
    ...judgeRegion(desired, actual).map(({ what }) => what),
    ...actual.unread.map(({ says }) => `Not looked at: ${says}`),
    ...drift(desired, actual),
  );
  const dashboards = describeDashboards(desired, actual);
  const jobs = [...actual.jobs.values()].filter(({ made }) => made).length;
  return { rows, dashboards, costs, place: { jobs, stateBucket: desired.policy.stateBucket }, runErrors };
}

function showRuntime(id: string, now: Date, runErrors: string[]): string {
  const days = daysUntilDecommission(id, now);
  const until = nodeRuntimes.find((known) => known.id === id)?.decommissioned;
  if (days === undefined || until === undefined) return `${id}, end not known`;
  if (days < RUNTIME_DAYS)
    runErrors.push(
      `${id} ${days < 0 ? 'was' : 'is'} taken out of service on ${until}: run deploy/deploy.sh of a newer costguard`,
    );
  return `${id} until ${until}`;
}

function showLast(last: LastLine | undefined): string {
  return last === undefined ? 'has not run in 30 days' : `${last.at} ${last.severity}: ${last.message}`;
}

const pulledSchema = z.looseObject({
  message: z.looseObject({ attributes: z.optional(z.record(z.string(), z.string())) }),
});

/** Looks at the messages without acknowledging them: a few seconds later they are there again. */
async function deadLetters(gcloud: Gcloud, { project }: Desired, actual: Actual): Promise<readonly string[]> {
  if (!actual.subscriptions.has(DEAD_LETTERS_HOLD)) return [];
  const args = ['pubsub', 'subscriptions', 'pull', DEAD_LETTERS_HOLD, '--limit=100', `--project=${project}`];
  const unread: string[] = [];
  const pulled = parseList(
    args,
    pulledSchema,
    await readJson(gcloud, args),
    ({ says }) => void unread.push(says),
  );
  const nameOf = new Map(
    [...actual.functions].flatMap(([name, { subscription }]) =>
      subscription === undefined ? [] : [[resourceId(subscription), name] as const],
    ),
  );
  const bySource = Map.groupBy(pulled, ({ message }) => {
    const source = message.attributes?.['CloudPubSubDeadLetterSourceSubscription'] ?? 'somewhere unknown';
    return nameOf.get(source) ?? source;
  });
  return [
    ...[...bySource].map(
      ([source, messages]) => `${messages.length} dead letters of ${source}: ${shellLine(args)}`,
    ),
    ...unread.map((says) => `A dead letter that cannot be read: ${says}`),
  ];
}

/** Messages that were no messages for us, kept in the state bucket. */
async function poison(gcloud: Gcloud, { policy }: Desired, actual: Actual): Promise<readonly string[]> {
  if (actual.bucket === undefined || policy.stateBucket === undefined) return [];
  const folder = `gs://${policy.stateBucket}/poison/`;
  const args = ['storage', 'ls', `${folder}**`];
  const answer = await gcloud(args);
  if (answer.code !== 0) {
    if (isNotFound(answer.stderr) || /matched no objects/i.test(answer.stderr)) return [];
    throw new GcloudFailed(args, answer);
  }
  const found = answer.stdout.split('\n').filter((line) => line.startsWith(folder));
  const byFunction = Map.groupBy(found, (line) => line.slice(folder.length).split('/')[0] ?? '');
  return [...byFunction].map(
    ([name, files]) =>
      `${files.length} messages that ${name} could not read: gcloud storage cat ${folder}${name}/*`,
  );
}

function drift(desired: Desired, actual: Actual): readonly string[] {
  return planDeploy(desired, actual).map(
    ({ why, args }) => `Differs from the policy: ${why}: ${shellLine(args.slice(0, 4))}`,
  );
}

function show({ rows, dashboards, costs, place, runErrors }: Report): string {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const end =
    runErrors.length === 0
      ? 'All is well.'
      : `${runErrors.length} to look at (deploy/deploy.sh --plan shows the commands that fix differences):\n${runErrors.map((one) => `  ${one}`).join('\n')}`;
  const cost = costs.size > 0 ? ['', showOwnCost(costs), '', showOtherCost(costs, place)] : [];
  return `${[...lines, ...dashboards, ...cost, '', end].join('\n')}\n`;
}
