import type { Decision, Receipt } from '../../shared/run/receipt.ts';
import { startSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import {
  ALERTS,
  BUDGET,
  budgetScenario,
  RUNAWAY,
  RUNAWAY_NUMBER,
  SWITCH,
  switchPolicy,
} from '../support/budget-lab.ts';
import { EVERY_KIND_REGIONS, everyStoppableKind, NAMED_ONLY } from '../support/every-kind.ts';
import { installFunction, installHttpFunction } from '../support/install-function.ts';
import { BUCKET, OPERATIONS } from '../support/lab.ts';
import { receiptsIn } from '../support/observe.ts';
import { claim } from './claim.ts';
import { headline } from './headline.ts';
import { showLeftBurning, showTaken } from './hold-tables.ts';
import { callRestore, showResults } from './restore-call.ts';
import { indent } from './table.ts';
import { whileTimeFlies } from './while-time-flies.ts';

const STEP_MS = 10 * 60_000;
/** Google sends a message every 20 to 30 minutes. */
const MAX_STEPS = 12;

const SCHEDULE = 'locations/us-central1/schedules/hourly';
const AGAIN = 'locations/us-central1/pipelineJobs/nightly-2';
const GROUP = 'zones/us-central1-a/instanceGroupManagers/gke-demo-a100-grp';

/** The ladder's story in a project with one of each kind: a rung in force is a state, and what it cannot end it names. */
export async function tellHoldStory(policyText = switchPolicy()): Promise<void> {
  const project = everyStoppableKind({ id: RUNAWAY, number: RUNAWAY_NUMBER });
  const resources = [...(project.resources ?? []), ...NAMED_ONLY];
  const sandbox = await startSandbox({
    scenario: budgetScenario({
      projects: [{ ...project, resources, spentUsd: 1_010 }],
      regions: EVERY_KIND_REGIONS,
    }),
  });
  const opened: { close(): Promise<void> }[] = [sandbox];
  const options = { operationsProject: OPERATIONS, policyText };
  try {
    const killSwitch = await installFunction(sandbox, { ...options, name: SWITCH, topic: ALERTS });
    opened.push(killSwitch);
    const restore = await installHttpFunction(sandbox, { ...options, name: 'budget-restore' });
    opened.push(restore);
    await tell(sandbox, () => callRestore(sandbox, restore, BUDGET));
  } finally {
    for (const one of opened.reverse()) await one.close();
  }
}

async function tell(sandbox: Sandbox, bringBack: () => ReturnType<typeof callRestore>): Promise<void> {
  const before = nodesOf(sandbox);
  const first = await nextReceipt(sandbox, ({ decisions }) => stopCompute(decisions) !== undefined);
  headline(
    sandbox,
    'In a sandbox of its own: a project with one of each kind, 1 % over its budget. stop-compute fires.',
  );
  console.log(showTaken(first));
  const stopped = nodesOf(sandbox);
  claim(before > 0 && stopped === 0, `the node pool goes from ${before} to 0 nodes, not ${stopped}`);
  const { burning, ...evidence } = stopCompute(first.decisions)?.evidence ?? {};
  const left = showLeftBurning(evidence);
  claim(left !== undefined && typeof burning === 'string', 'the receipt names what no rung stops');
  console.log(
    `\n${indent(`No rung stops these, ${String(burning)}. Alert and receipt name each with the command that ends it, worst first; what has no price counts as worst:`, 0)}\n${left}`,
  );

  await sandbox.clock.advance(STEP_MS);
  resume(sandbox);
  headline(sandbox, 'A user resumed the schedule, and it submitted the pipeline again.');
  const second = await nextReceipt(sandbox, ({ decisions }) => decisions.some(isBack));
  console.log(showTaken(second));
  const again = second.decisions.find(({ resource }) => resource.endsWith(AGAIN));
  claim(again?.outcome === 'done', 'the pipeline that was submitted again is stopped');
  claim(
    String(again?.evidence['startedBy']).endsWith(SCHEDULE),
    'the receipt says which schedule started it',
  );

  headline(sandbox, 'An operator requests the restore.');
  const results = await bringBack();
  console.log(showResults(results));
  await sandbox.clock.advance(STEP_MS / 2);
  claim(nodesOf(sandbox) === before, `the restore gives the node pool its ${before} nodes back`);
  console.log(
    `\nThe node pool demo/a100: ${before} node, then ${stopped} under the rung, ${nodesOf(sandbox)} again.`,
  );
}

const stopCompute = (decisions: readonly Decision[]): Decision | undefined =>
  decisions.find(({ action }) => action === 'stop-compute');

const isBack = ({ reason, outcome }: Receipt['decisions'][number]): boolean =>
  reason === 'came-back' && outcome === 'done';

/** Lets time pass until a receipt of the switch says so. */
async function nextReceipt(sandbox: Sandbox, says: (receipt: Receipt) => boolean): Promise<Receipt> {
  const known = receiptsIn(sandbox, BUCKET, SWITCH).length;
  for (let step = 0; step < MAX_STEPS; step++) {
    await sandbox.clock.advance(STEP_MS);
    await whileTimeFlies(sandbox, () => sandbox.pubsub.idle());
    const found = receiptsIn(sandbox, BUCKET, SWITCH).slice(known).find(says);
    if (found !== undefined) return found;
  }
  throw new Error(`Cannot tell the story of the ladder: no receipt says so within ${MAX_STEPS * 10} minutes`);
}

/** What happens when a user resumes it: its next run submits the pipeline under a name of its own. */
function resume({ store }: Sandbox): void {
  store.get(RUNAWAY, 'aiplatform', SCHEDULE).body['state'] = 'ACTIVE';
  store.add({
    projectId: RUNAWAY,
    service: 'aiplatform',
    path: AGAIN,
    body: {
      state: 'PIPELINE_STATE_RUNNING',
      displayName: 'nightly',
      scheduleName: `projects/${RUNAWAY_NUMBER}/${SCHEDULE}`,
    },
  });
}

function nodesOf({ groups }: Sandbox): number {
  return groups.get(RUNAWAY, GROUP).targetSize;
}
