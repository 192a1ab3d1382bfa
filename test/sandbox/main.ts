import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { startControl } from './http/control.ts';
import { untilStopped } from './until-stopped.ts';
import { startSandbox } from './sandbox.ts';
import { readScenario } from './scenario.ts';
import { writeFunctionEnvironment, writeGcloudEnvironment } from './gcloud/shell-environment.ts';

const CONTROL_PORT = 8787;

/** The sandbox alone, for one's own functions and for gcloud. */
async function main(file: string): Promise<void> {
  const scenario = readScenario(file);
  const [owner] = scenario.owners;
  const [project] = scenario.projects;
  if (owner === undefined || project === undefined)
    throw new Error('Cannot start: the scenario needs an owner and a project');
  const sandbox = await startSandbox({ scenario });
  const control = await startControl(sandbox, CONTROL_PORT);
  const gcloud = writeGcloudEnvironment(sandbox, owner);
  const own = await writeFunctionEnvironment(
    sandbox,
    owner.includes('.iam.') ? owner : `sandbox@${project.id}.iam.gserviceaccount.com`,
  );
  sandbox.iam.bind({
    member: `sandbox@${project.id}.iam.gserviceaccount.com`,
    role: 'roles/owner',
    permissions: 'all',
    on: `projects/${project.id}`,
  });
  console.log(`The sandbox runs "${scenario.name}" with ${scenario.projects.length} projects and ${sandbox.fleet.notebooks.size} notebooks.
Its clock says ${new Date(sandbox.clock.now()).toISOString()} and flows.

Point gcloud at it (in another terminal; everything it then does, it does here):
  source ${gcloud}
  gcloud workbench instances list --location=- --project=${project.id}

Deploy into it (in that same terminal; the function then runs here, and its job ticks with this clock):
  deploy/deploy.sh idle-notebook-stopper --policy costguard.yaml --project=${project.id} --region=us-central1
  deploy/teardown.sh idle-notebook-stopper --policy costguard.yaml --project=${project.id} --region=us-central1

Point a Node program at it, such as a bundle in functions-framework (as sandbox@${project.id}.iam.gserviceaccount.com):
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
  await sandbox.close();
}

const command = new Command('npm run sandbox --')
  .description('Starts the local Google Cloud alone, for your own functions and for gcloud.')
  .version(manifest.version, '--version')
  .argument(
    '[scenario.yaml]',
    'what it holds',
    fileURLToPath(new URL('scenarios/organisation.yaml', import.meta.url)),
  )
  .action(main);
try {
  await command.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
