import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildAll } from '../../deploy/build.ts';
import { formatUsdPerHour } from '../../shared/compute-price.ts';
import { startControl } from '../sandbox/control.ts';
import { installFunction, type InstalledFunction } from '../sandbox/install-function.ts';
import { startSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import { readScenario } from '../sandbox/scenario.ts';
import { writeGcloudEnvironment } from '../sandbox/shell-environment.ts';
import { untilStopped } from '../sandbox/until-stopped.ts';
import { burnRate, readReceipt, showReceipt, type ShownReceipt } from './show-receipt.ts';

const CONTROL_PORT = 8787;
const MINUTE_MS = 60_000;

/** `npm start`: the main job on the shipped organisation, with the production bundle in the real functions-framework. */
async function main(once: boolean): Promise<void> {
  console.log('costguard on a local Google Cloud: nothing leaves this machine.\n');
  const bundles = await buildAll();
  for (const bundle of bundles) console.log(`built ${bundle.name} (${Math.round(bundle.bytes / 1024)} KiB)`);

  const sandbox = await startSandbox({
    scenario: readScenario(local('../sandbox/scenarios/organisation.yaml')),
  });
  const stopper = await installFunction(sandbox, {
    name: 'idle-notebook-stopper',
    operationsProject: 'ml-ops-example',
    policyText: readFileSync(local('costguard.yaml'), 'utf8'),
    maxInstances: 2,
  });
  const close = async (): Promise<void> => {
    await stopper.close();
    await sandbox.close();
  };
  try {
    const { projects, fleet, clock } = sandbox;
    console.log(
      `started a sandbox with ${projects.all.length} projects and ${fleet.notebooks.size} notebooks; its clock says ${clockText(clock.now())}`,
    );

    const first = await runTick(
      sandbox,
      stopper,
      'A tick goes out through Pub/Sub, as Cloud Scheduler would send it.',
    );
    showBurn(first);

    await clock.advance(20 * MINUTE_MS);
    const second = await runTick(
      sandbox,
      stopper,
      '20 minutes later: the next tick. What was stopped must have stopped, and is not stopped again.',
    );
    showStopped(first, second, sandbox);

    if (!once) await keepServing(sandbox, stopper);
  } finally {
    await close();
  }
}

/** Publishes a tick, waits until all of it is dealt with, and shows the receipts that it left. */
async function runTick(
  sandbox: Sandbox,
  stopper: InstalledFunction,
  headline: string,
): Promise<readonly ShownReceipt[]> {
  console.log(`\n── ${clockText(sandbox.clock.now())}  ${headline}\n`);
  const before = new Set(receiptNames(sandbox));
  await stopper.tick();
  const receipts = receiptNames(sandbox)
    .filter((name) => !before.has(name))
    .map((name) => readReceipt(sandbox.storage.objectText(BUCKET, name) ?? ''))
    .sort((a, b) => (a.projects.join() < b.projects.join() ? -1 : 1));
  for (const receipt of receipts) console.log(`${showReceipt(receipt)}\n`);
  if (receipts.length === 0)
    console.log(
      stopper.lines
        .slice(-5)
        .map((line) => JSON.stringify(line))
        .join('\n'),
    );
  return receipts;
}

const BUCKET = 'ml-ops-example-costguard';

function receiptNames(sandbox: Sandbox): readonly string[] {
  return sandbox.storage.objectNames(BUCKET, 'receipts/');
}

function showBurn(receipts: readonly ShownReceipt[]): void {
  const show = ({ usdPerHour, unpriced }: { usdPerHour: number; unpriced: number }): string =>
    `${formatUsdPerHour(usdPerHour)}${unpriced > 0 ? ` and ${unpriced} without a price` : ''}`;
  const savings = receipts.reduce((sum, receipt) => sum + receipt.savings.usdPerHour, 0);
  console.log(
    `The fleet burns ${show(burnRate(receipts, 'before'))} before, ${show(burnRate(receipts, 'after'))} after: ${formatUsdPerHour(savings)} saved, $${Math.round(savings * 730).toLocaleString('en-US')} a month (list prices).`,
  );
}

function showStopped(
  first: readonly ShownReceipt[],
  second: readonly ShownReceipt[],
  sandbox: Sandbox,
): void {
  const asked = first
    .flatMap((receipt) => receipt.decisions)
    .filter(({ action, outcome }) => action === 'stop' && outcome === 'done');
  const stopped = asked.filter(({ resource }) => sandbox.fleet.notebooks.get(resource)?.state === 'STOPPED');
  const again = second
    .flatMap((receipt) => receipt.decisions)
    .filter(({ action, resource }) => action === 'stop' && asked.some((one) => one.resource === resource));
  console.log(
    `${stopped.length} of ${asked.length} stops have taken effect, ${again.length} were asked for twice.`,
  );
}

async function keepServing(sandbox: Sandbox, stopper: InstalledFunction): Promise<void> {
  const [owner = ''] = sandbox.scenario.owners;
  const gcloud = writeGcloudEnvironment(sandbox, owner);
  const control = await startControl(sandbox, CONTROL_PORT, {
    'POST /tick': async () => {
      await runTick(sandbox, stopper, 'A tick by hand.');
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
  the real gcloud         source ${gcloud} && gcloud workbench instances list --location=- --project=ml-research
Ctrl-C ends everything.`);
  await untilStopped();
  control.close();
}

function clockText(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').slice(0, 16);
}

function local(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
await main(values.once);
