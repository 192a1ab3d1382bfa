import { readCommandLine } from '../command-line.ts';
import { checkGcloud, readHostProject } from './host-project.ts';
import {
  namedFunctions,
  PLACE_OPTIONS,
  readPlace,
  run,
  desiredWithoutDigests,
  type Tools,
  type Values,
} from './command.ts';
import { describeKeptRules } from '../actual/kept-rules.ts';
import { planTeardown } from '../plan/teardown.ts';
import { saidOfBudgets } from '../plan/topic-budgets.ts';
import { unreadOwn } from './unread.ts';
import { readActual } from '../actual/read-actual.ts';
import { showPlan } from '../desired/step.ts';
import { NotReady, WrongUsage } from '../desired/problem.ts';
import { commented, formerRolesThatStay, usedElsewhere } from '../plan/what-stays.ts';
import { applyTeardown, aroundTopic, lookAtBudgets } from './topic-of-budgets.ts';

const usage = `Usage: deploy/teardown.sh [FUNCTION…] --policy costguard.yaml --project OPS
           --region REGION [options]

Removes what deploy.sh made, for all functions when none is named, and nothing
else: what does not bear its mark, enabled APIs and budgets stay. It shows what
it will remove and waits for a yes. The state bucket stays with all that is in
it, and so do lifecycle rules on buckets, which it names. It deletes no topic
that a budget notifies, and begins nothing then, unless told what to do about
that.
  --policy FILE    the policy that they were deployed with
  --project OPS    the operations project
  --region REGION  where they run
  --plan           look at what is there and print the commands; change nothing
  --delete-state   remove the state bucket as well: receipts and restore
                   manifests are lost for good
  --disconnect-budgets
                   take the switch's topic out of the budgets that notify it,
                   directly before it goes; they stay, and so do their e-mails
  --leave-budgets  delete the topic without a look at budgets: one that notifies
                   it then notifies nothing, without a word
  --yes            do not ask
Exit code: 0 nothing is left, 1 it did not work or was called off, 2 wrong
usage.
`;

const OPTIONS = {
  ...PLACE_OPTIONS,
  plan: { type: 'boolean' },
  'delete-state': { type: 'boolean' },
  'disconnect-budgets': { type: 'boolean' },
  'leave-budgets': { type: 'boolean' },
  yes: { type: 'boolean' },
} as const;

export async function teardownCommand(args: readonly string[], tools: Tools): Promise<number> {
  return run(usage, tools, async () => {
    const { values, positionals } = readCommandLine(usage, args, OPTIONS);
    if (values['disconnect-budgets'] === true && values['leave-budgets'] === true)
      throw new WrongUsage('--disconnect-budgets and --leave-budgets are two answers to one question.');
    const place = await readPlace(values);
    const { gcloud, out } = tools;
    const desired = desiredWithoutDigests(place, await namedFunctions(positionals));
    await checkGcloud(gcloud, true);
    // What else is wrong, such as a project of the scope that is gone, is no reason to leave the rest behind.
    const { hostProject } = await readHostProject(gcloud, desired);
    for (const why of hostProject.unseen.values()) out(`# What was bound or made there stays: ${why}\n`);
    const actual = await readActual(gcloud, desired, hostProject);
    for (const { says } of actual.unread) out(`${commented(`Left out of the plan: ${says}`)}\n`);
    const unlooked = [
      ...hostProject.unseen.keys(),
      ...unreadOwn(desired, actual).map(({ name = '' }) => name),
    ];
    const steps = planTeardown(desired, actual, values['delete-state'] === true);
    const stays = [...formerRolesThatStay(desired, actual), ...usedElsewhere(desired, actual)];
    for (const line of stays) out(`${commented(line)}\n`);
    if (steps.length === 0 && unlooked.length === 0) {
      out(stays.length > 0 ? 'Nothing else to remove.\n' : 'Nothing to remove: nothing of it is there.\n');
      return 0;
    }
    const look = await lookAtBudgets(tools, desired, actual, steps, values);
    const { topic, budgets, problems } = look;
    const plan = aroundTopic(desired, steps, look, values['disconnect-budgets'] === true);
    out(`${showPlan([...plan.before, ...plan.disconnection, ...plan.after])}\n`);
    const bucket = place.policy.stateBucket;
    if (bucket !== undefined && values['delete-state'] !== true)
      out(`# gs://${bucket} stays, with receipts and restore manifests.\n`);
    for (const line of await describeKeptRules(gcloud, desired.functions, bucket)) out(`# ${line}\n`);
    out('# Enabled APIs and budgets stay: other things may use them.\n');
    const said = topic === undefined ? '' : saidOfBudgets(topic, budgets);
    if (said !== '') out(`${commented(said)}\n`);
    if (problems.length > 0) throw new NotReady(problems);
    if (values['plan'] === true) return 0;
    if (!(await isConfirmed(tools, place.project, values))) return 1;
    await applyTeardown(tools, desired, plan, look);
    if (unlooked.length > 0) {
      tools.err(`Not looked at, and perhaps not all gone: ${unlooked.join(', ')}\n`);
      return 1;
    }
    out(`Nothing of it is left${stays.length > 0 ? ' but what is named above' : ''}.\n`);
    return 0;
  });
}

async function isConfirmed(tools: Tools, project: string, values: Values): Promise<boolean> {
  if (values['yes'] === true) return true;
  const answer = await tools.ask(`Remove all this? Type ${project} to go on: `);
  if (answer.trim() === project) return true;
  tools.err('Called off. Nothing was changed. (--yes does not ask.)\n');
  return false;
}
