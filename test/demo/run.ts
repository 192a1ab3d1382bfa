import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildAll } from '../../deploy/commands/build.ts';
import { startControl } from '../sandbox/http/control.ts';
import { installFunction, installHttpFunction, type InstalledFunction } from '../support/install-function.ts';
import { startSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import { readScenario } from '../sandbox/scenario.ts';
import { writeGcloudEnvironment } from '../sandbox/gcloud/shell-environment.ts';
import { untilStopped } from '../sandbox/until-stopped.ts';
import { parsePolicy } from '../../shared/policy/policy.ts';
import { tellEnforcerStory } from './enforcer-story.ts';
import { clockText } from './headline.ts';
import { tellAuditStory } from './audit-story.ts';
import { tellEgressStory } from './egress-story.ts';
import { tellEstimateStory } from './estimate-story.ts';
import { tellHoldStory } from './hold-story.ts';
import { tellLiveStory } from './live-story.ts';
import { runTick, tellStopperStory } from './stopper-story.ts';
import { indent } from './table.ts';
import { tellSwitchStory } from './switch-story.ts';

const CONTROL_PORT = 8787;
const OPERATIONS = 'ml-ops-example';
const BUCKET = 'ml-ops-example-costguard';
const BUDGET_TOPIC = `projects/${OPERATIONS}/topics/costguard-budget-kill-switch`;

/** The functions at work on the shipped organisation, as production bundles in the real functions-framework. `once`: ends after the run. */
export async function runDemo(once: boolean): Promise<void> {
  console.log('costguard on a local Google Cloud: nothing leaves this machine.\n');
  for (const bundle of await buildAll())
    console.log(`built ${bundle.name} (${Math.round(bundle.bytes / 1024)} KiB)`);

  const sandbox = await startSandbox({
    scenario: readScenario(local('../sandbox/scenarios/organisation.yaml')),
  });
  const opened: { close(): Promise<void> }[] = [sandbox];
  const close = async (): Promise<void> => {
    for (const one of opened.reverse()) await one.close();
  };
  const policyText = readFileSync(local('costguard.yaml'), 'utf8');
  const options = { operationsProject: OPERATIONS, policyText };
  try {
    const { projects, fleet, clock } = sandbox;
    console.log(
      indent(
        `started a sandbox with ${projects.all.length} projects and ${fleet.notebooks.size} notebooks; its clock says ${clockText(clock.now())}`,
        0,
      ),
    );
    const stopper = await installFunction(sandbox, {
      ...options,
      name: 'idle-notebook-stopper',
      maxInstances: 2,
    });
    opened.push(stopper);
    await tellStopperStory(sandbox, stopper, BUCKET);

    const enforcer = await installFunction(sandbox, {
      ...options,
      name: 'lifecycle-enforcer',
      maxInstances: 2,
    });
    opened.push(enforcer);
    await tellEnforcerStory(sandbox, enforcer, BUCKET);

    const killSwitch = await installFunction(sandbox, {
      ...options,
      name: 'budget-kill-switch',
      topic: BUDGET_TOPIC,
    });
    opened.push(killSwitch);
    const restore = await installHttpFunction(sandbox, { ...options, name: 'budget-restore' });
    opened.push(restore);
    await tellSwitchStory(sandbox, killSwitch, restore, parsePolicy(policyText).budgets?.ladder ?? []);
    await tellHoldStory();
    await tellLiveStory();

    const auditor = await installHttpFunction(sandbox, { ...options, name: 'egress-auditor' });
    opened.push(auditor);
    const reportUrl = `${auditor.service.url}?project=ml-runaway`;
    await tellEgressStory(sandbox, reportUrl);

    const estimator = await installHttpFunction(sandbox, { ...options, name: 'cost-estimator' });
    opened.push(estimator);
    await tellEstimateStory(sandbox, estimator.service.url);

    const audit = await installHttpFunction(sandbox, { ...options, name: 'guardrail-audit' });
    opened.push(audit);
    const auditUrl = `${audit.service.url}?project=ml-runaway`;
    await tellAuditStory(sandbox, auditUrl);

    const urls = {
      restore: restore.service.url,
      report: reportUrl,
      estimate: estimator.service.url,
      audit: auditUrl,
    };
    if (!once) await keepServing(sandbox, stopper, urls);
  } finally {
    await close();
  }
}

async function keepServing(
  sandbox: Sandbox,
  stopper: InstalledFunction,
  urls: {
    readonly restore: string;
    readonly report: string;
    readonly estimate: string;
    readonly audit: string;
  },
): Promise<void> {
  const [owner = ''] = sandbox.scenario.owners;
  const [budget] = sandbox.scenario.billing.budgets;
  const gcloud = writeGcloudEnvironment(sandbox, owner);
  const control = await startControl(sandbox, CONTROL_PORT, {
    'POST /tick': async () => {
      await runTick(sandbox, stopper, BUCKET, 'A tick by hand.');
      return { done: 'see the terminal of npm start' };
    },
  });
  console.log(`
The sandbox keeps running. Try, in another terminal:
  another tick            curl -X POST ${control.url}/tick
  half an hour later      curl -X POST '${control.url}/clock?advance=30m'
  a fault, then a tick    curl -X POST ${control.url}/faults -d '{"route":"monitoring.*","fault":{"kind":"status","status":503},"count":2}'
  no faults any more      curl -X DELETE ${control.url}/faults
  all calls so far        curl ${control.url}/calls
  a bucket's rules        source ${gcloud} && gcloud storage buckets describe gs://ml-research-datasets
  what would come back    curl '${urls.restore}?budget=${budget?.name ?? ''}&period=2026-11-01'
  where egress goes       ${urls.report}
  what a run costs        ${urls.estimate}
  the eight mistakes      ${urls.audit}
  the real gcloud         source ${gcloud} && gcloud workbench instances list --location=- --project=ml-research
Ctrl-C ends everything.`);
  await untilStopped();
  control.close();
}

function local(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
