import { startControl } from './http/control.ts';
import { untilStopped } from './until-stopped.ts';
import { startSandbox, type Sandbox } from './sandbox.ts';
import { readScenario } from './scenario.ts';
import { writeFunctionEnvironment, writeGcloudEnvironment } from './gcloud/shell-environment.ts';

const CONTROL_PORT = 8787;

/** The sandbox alone, for one's own functions and for gcloud, until the process is told to end. Throws for a scenario that is none. */
export async function serveSandbox(file: string): Promise<void> {
  const scenario = readScenario(file);
  const [owner] = scenario.owners;
  const [project] = scenario.projects;
  if (owner === undefined || project === undefined)
    throw new Error('the scenario needs an owner and a project');
  const sandbox = await startSandbox({ scenario });
  try {
    await serve(sandbox, owner, project.id);
  } finally {
    await sandbox.close();
  }
}

async function serve(sandbox: Sandbox, owner: string, project: string): Promise<void> {
  const { scenario } = sandbox;
  const control = await startControl(sandbox, CONTROL_PORT);
  const gcloud = writeGcloudEnvironment(sandbox, owner);
  const own = await writeFunctionEnvironment(
    sandbox,
    owner.includes('.iam.') ? owner : `sandbox@${project}.iam.gserviceaccount.com`,
  );
  sandbox.iam.bind({
    member: `sandbox@${project}.iam.gserviceaccount.com`,
    role: 'roles/owner',
    permissions: 'all',
    on: `projects/${project}`,
  });
  console.log(`The sandbox runs "${scenario.name}" with ${scenario.projects.length} projects and ${sandbox.fleet.notebooks.size} notebooks.
Its clock says ${new Date(sandbox.clock.now()).toISOString()} and flows.

Point gcloud at it (in another terminal; everything it then does, it does here):
  source ${gcloud}
  gcloud workbench instances list --location=- --project=${project}

Deploy into it (in that same terminal; the function then runs here, and its job ticks with this clock):
  deploy/deploy.sh idle-notebook-stopper --policy costguard.yaml --project=${project} --region=us-central1
  deploy/teardown.sh idle-notebook-stopper --policy costguard.yaml --project=${project} --region=us-central1

Point a Node program at it, such as a bundle in functions-framework (as sandbox@${project}.iam.gserviceaccount.com):
  source ${own}
  node your-program.js

Control it:
  curl ${control.url}/notebooks
  curl ${control.url}/calls
  curl -X POST '${control.url}/clock?advance=20m'
  curl -X POST ${control.url}/faults -d '{"route":"notebooks.*","fault":{"kind":"status","status":503},"count":3}'
  curl -X DELETE ${control.url}/faults

Ctrl-C ends it.`);
  await untilStopped();
  control.close();
}
