import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { askGoogle, type Answer } from '../../support/ask-google.ts';
import { startSandbox, type Sandbox } from '../sandbox.ts';
import { readScenario } from '../scenario.ts';

const OWNER = 'owner@example.com';
const PROJECT = 'ml-runaway';
const HOUR_MS = 3_600_000;

interface Instance {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata: { readonly items: readonly { readonly key: string; readonly value: string }[] };
  readonly disks: readonly { readonly type: string; readonly source?: string; readonly diskSizeGb: string }[];
}

describe('the runaway project of organisation.yaml', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    const scenario = readScenario(fileURLToPath(new URL('organisation.yaml', import.meta.url)));
    sandbox = await startSandbox({ scenario, frozen: true });
  });
  afterAll(() => sandbox.close());
  const compute = (method: string, path: string): Promise<Answer> =>
    askGoogle(
      sandbox,
      OWNER,
      method,
      `https://compute.googleapis.com/compute/v1/projects/${PROJECT}/zones/${path}`,
    );
  const instance = async (path: string): Promise<Instance> =>
    (await compute('GET', path)).body as unknown as Instance;

  it('shows what tells members of groups and clusters apart', async () => {
    const member = await instance('us-central1-b/instances/inference-group-x7k2');
    assert.deepEqual(
      member.metadata.items.find(({ key }) => key === 'created-by')?.value,
      'projects/100000000004/zones/us-central1-b/instanceGroupManagers/inference-group',
    );
    const node = await instance('us-central1-c/instances/gke-training-pool-1-8f3c2d1a-q9zt');
    assert.equal(node.labels['goog-gke-node'], '');
  });

  it('shows local SSDs as scratch disks, and stops their machine only when told what becomes of them', async () => {
    const path = 'us-central1-a/instances/llm-finetune';
    const { disks } = await instance(path);
    assert.deepEqual(
      disks.map(({ type, diskSizeGb, source }) => [type, diskSizeGb, source === undefined]),
      [['PERSISTENT', '200', false], ...Array.from({ length: 4 }, () => ['SCRATCH', '375', true])],
    );
    assert.equal((await compute('POST', `${path}/stop`)).status, 400);
    assert.equal((await compute('POST', `${path}/stop?discardLocalSsd=maybe`)).status, 400);
  });

  it('has a price for everything, starts at 46 % and passes every threshold within six hours', async () => {
    const { clock, billingClock } = sandbox;
    assert.deepEqual(billingClock.unpriced(PROJECT), []);
    assert.equal(billingClock.spendOf(PROJECT), 0.46 * 500);
    await clock.advance(6 * HOUR_MS);
    const passed = billingClock.published.map(
      ({ notification }) => notification.data['alertThresholdExceeded'],
    );
    assert.deepEqual(
      [...new Set(passed)].filter((at) => at !== undefined),
      [0.5, 0.8, 1, 1.2],
    );
  });

  it('still reaches 120 % when everything is stopped that may be', async () => {
    const { clock, billingClock, fleet, vertex } = sandbox;
    const stoppable = ['us-central1-a/instances/preprocessing', 'us-central1-a/instances/llm-finetune'];
    for (const path of stoppable) fleet.stopVm(`projects/${PROJECT}/zones/${path}`);
    fleet.stopNotebook(`projects/${PROJECT}/locations/us-central1-a/instances/sweep-dashboard`);
    const location = 'projects/100000000004/locations/us-central1';
    vertex.cancel(`${location}/customJobs/4051623847509000001`);
    vertex.cancel(`${location}/hyperparameterTuningJobs/7712345098761000001`);
    const endpoint = `${location}/endpoints/8800099988877766601`;
    vertex.undeploy(endpoint, '4571292886410264576', { '7808380286500077568': 100 });
    vertex.undeploy(endpoint, '7808380286500077568', {});
    await clock.advance(HOUR_MS);
    const usdPerHour = billingClock.usdPerHour(PROJECT);
    assert.ok(usdPerHour > 20 && usdPerHour < 25, `${usdPerHour} USD an hour`);
  });
});
