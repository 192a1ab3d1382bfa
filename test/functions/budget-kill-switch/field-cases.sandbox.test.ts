import { describe, expect, it } from 'vitest';
import type { Burning } from '../../../shared/resources/left-burning.ts';
import type { ScenarioInput } from '../../sandbox/scenario.ts';
import {
  alert,
  BUDGET,
  budgetScenario,
  changesIn,
  labBudget,
  manifestsIn,
  switchPolicy,
  SWITCH,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';
import { BUCKET } from '../../support/lab.ts';
import { lastReceipt, messagesOf } from '../../support/observe.ts';

/** Cases from the field, played with the names, machines and shares that they were reported with. */

const MINUTE_MS = 60_000;
const PROJECT = 'demo-ml';
const NUMBER = '3001';
const REGION = 'us-central1';
const ZONE = `${REGION}-a`;
type Project = ScenarioInput['projects'][number];

const play = (project: Omit<Project, 'id' | 'number'>, test: (world: SwitchWorld) => Promise<void>): Promise<void> =>
  withSwitch(
    {
      scenario: budgetScenario({
        projects: [{ id: PROJECT, number: NUMBER, ...project }],
        budgets: [labBudget({ projects: [PROJECT] })],
        regions: [REGION],
      }),
      policy: switchPolicy({ scope: [`projects/${PROJECT}`], allow: [BUDGET], modelAccounts: [] }),
    },
    test,
  ); // prettier-ignore

const vertex = (collection: string, id: string, body: Readonly<Record<string, unknown>>) => ({
  service: 'aiplatform' as const,
  path: `locations/${REGION}/${collection}/${id}`,
  body,
});
const member = (group: string) => ({
  'created-by': `projects/${NUMBER}/zones/${ZONE}/instanceGroupManagers/${group}`,
});

const burningIn = ({ sandbox }: SwitchWorld): readonly Burning[] =>
  (lastReceipt(sandbox, BUCKET, SWITCH).decisions.find(({ action }) => action === 'stop-compute')?.evidence[
    'leftBurning'
  ] ?? []) as readonly Burning[];
const idsOf = (burning: readonly Burning[]): readonly string[] =>
  burning.map(({ resource }) => resource.split('/').at(-1) ?? '');
const saidBurning = ({ lines }: SwitchWorld): readonly string[] =>
  messagesOf(lines, 'WARNING').filter((text) => /^stop-compute (?:not )?done/.test(text));
const statusOf = ({ sandbox }: SwitchWorld, vm: string): string | undefined =>
  sandbox.fleet.vms.get(`projects/${PROJECT}/zones/${ZONE}/instances/${vm}`)?.status;
const decisionOn = ({ sandbox }: SwitchWorld, id: string) =>
  lastReceipt(sandbox, BUCKET, SWITCH).decisions.find(({ resource }) => resource.endsWith(`/${id}`));

describe('c01: machines of a node pool, Batch, Dataflow and a provisioner of its own', () => {
  const machines: Omit<Project, 'id' | 'number'> = {
    vms: [
      { id: 'gke-a100-pool-1', zone: ZONE, machineType: 'a2-highgpu-8g', labels: { 'goog-gke-node': '' }, metadata: member('gke-a100-pool') },
      { id: 'gke-a100-pool-2', zone: ZONE, machineType: 'a2-highgpu-8g', labels: { 'goog-gke-node': '' }, metadata: member('gke-a100-pool') },
      { id: 'train-batch-0', zone: ZONE, machineType: 'a3-highgpu-8g', labels: { 'goog-batch-job-uid': 'x' }, metadata: member('batch-x') },
      { id: 'df-worker-0', zone: ZONE, machineType: 'n1-standard-16', labels: { dataflow_job_name: 'embed' }, metadata: member('embed-harness') },
      { id: 'karpenter-l4', zone: ZONE, machineType: 'g2-standard-16', labels: { 'goog-k8s-cluster-name': 'demo', 'karpenter-sh-nodepool': 'l4' } },
    ],
  }; // prettier-ignore

  it('are each stopped or named with their cost and a command, with every message', () =>
    play(machines, async (world) => {
      await world.alert(alert(1.01));
      const left = burningIn(world);
      const vms = (machines.vms ?? []).map(({ id }) => id);
      const stopped = vms.filter((id) => statusOf(world, id) !== 'RUNNING');
      expect([...stopped, ...idsOf(left)].sort()).toEqual([...vms].sort());
      expect(idsOf(left)[0]).toBe('train-batch-0');
      // A look costs one call for each collection and region of Vertex AI; the receipt says how many.
      const { apiCalls } = lastReceipt(world.sandbox, BUCKET, SWITCH);
      const regional = Object.entries(apiCalls).filter(([call]) => /^aiplatform\.(?!locations).*\.list$/.test(call));
      expect(regional.map(([, count]) => count)).toEqual(Array.from({ length: 15 }, () => 1));
      for (const { cost, command } of left) {
        expect(cost).toMatch(/^\$\d+\.\d\d\/h$|^\$\S+ to \$|^unpriced/);
        expect(command).toMatch(/^gcloud /);
      }
      await world.sandbox.clock.advance(120 * MINUTE_MS);
      await world.alert(alert(1.12));
      const said = saidBurning(world);
      expect(said).toHaveLength(2);
      for (const text of said)
        expect(text).toMatch(new RegExp(`^stop-compute done on demo-ml, ${left.length} left burning \\$\\d+\\.\\d\\d/h`));
    })); // prettier-ignore
});

describe('c03: a controller brings it back', () => {
  const NIGHTLY = `locations/${REGION}/pipelineJobs/nightly`;
  const world: Omit<Project, 'id' | 'number'> = {
    vms: [{ id: 'gpu-1', zone: ZONE, machineType: 'a2-highgpu-1g', resourcePolicies: ['office-hours'] }],
    vertex: { customJobs: [{ id: '11', displayName: 'train-11', jobSpec: { workerPoolSpecs: [{ machineSpec: { machineType: 'n1-standard-16' } }] } }] },
    resources: [vertex('pipelineJobs', 'nightly', { state: 'PIPELINE_STATE_RUNNING', displayName: 'nightly' })],
  }; // prettier-ignore

  it('stops the VM that a schedule started and the jobs that a pipeline submitted, once per start', () =>
    play(world, async (lab) => {
      const { sandbox } = lab;
      await lab.alert(alert(1.01));
      await sandbox.clock.advance(600 * MINUTE_MS);
      expect(statusOf(lab, 'gpu-1')).toBe('TERMINATED');
      sandbox.fleet.startVm(`projects/${PROJECT}/zones/${ZONE}/instances/gpu-1`);
      sandbox.store.get(PROJECT, 'aiplatform', NIGHTLY).body['state'] = 'PIPELINE_STATE_RUNNING';
      const before = `projects/${NUMBER}/locations/${REGION}/customJobs/11`;
      const known = [...sandbox.vertex.jobs.keys()].find((name) => name.endsWith('/customJobs/11')) ?? before;
      const submitted = [sandbox.vertex.resubmit(known), sandbox.vertex.resubmit(known)];
      await sandbox.clock.advance(10 * MINUTE_MS);
      await lab.alert(alert(1.1));
      expect(decisionOn(lab, 'gpu-1')).toMatchObject({ action: 'stop', reason: 'came-back', outcome: 'done' });
      expect(decisionOn(lab, 'gpu-1')?.evidence['startedBy']).toMatch(/the resource policy office-hours is attached to it/);
      expect(decisionOn(lab, 'nightly')).toMatchObject({ action: 'cancel', reason: 'came-back', outcome: 'done' });
      expect(decisionOn(lab, 'nightly')?.evidence['startedBy']).toMatch(/^cannot be told: /);
      for (const job of submitted)
        expect(decisionOn(lab, job.split('/').at(-1) ?? '')).toMatchObject({ action: 'cancel', outcome: 'done' });
      await sandbox.clock.advance(10 * MINUTE_MS);
      const changes = changesIn(sandbox);
      expect(changes['instances.stop gpu-1/stop']).toBe(2);
      await lab.alert(alert(1.19));
      expect(changesIn(sandbox)).toEqual(changes);
      expect([...sandbox.vertex.jobs.values()].filter(({ state }) => state === 'JOB_STATE_RUNNING')).toEqual([]);
      expect(manifestsIn(sandbox)[PROJECT]?.rungs.map(({ status }) => status)).not.toContain('claimed');
    })); // prettier-ignore
});

describe('c04: machine learning that is no VM', () => {
  const world: Omit<Project, 'id' | 'number'> = {
    vertex: { customJobs: [{ id: '21', displayName: 'train-21', jobSpec: { workerPoolSpecs: [{ machineSpec: { machineType: 'n1-standard-16' } }] } }] },
    resources: [
      vertex('pipelineJobs', 'nightly', {
        state: 'PIPELINE_STATE_RUNNING',
        jobDetail: { taskDetails: [{ executorDetail: { containerDetail: { mainJob: `projects/${NUMBER}/locations/${REGION}/customJobs/21` } } }] },
      }),
      vertex('batchPredictionJobs', 'score', { state: 'JOB_STATE_RUNNING' }),
      vertex('trainingPipelines', 'automl', { state: 'PIPELINE_STATE_RUNNING' }),
      vertex('persistentResources', 'ray-cluster', { state: 'RUNNING' }),
      vertex('notebookRuntimes', 'colab', { runtimeState: 'RUNNING' }),
      vertex('indexEndpoints', 'search', { deployedIndexes: [{ id: 'x' }] }),
      vertex('schedules', 'hourly', { state: 'ACTIVE' }),
      vertex('featureOnlineStores', 'fs', { state: 'STABLE' }),
      vertex('deploymentResourcePools', 'pool', {}),
      { service: 'tpu', path: `locations/${ZONE}/nodes/v5e-16`, body: { state: 'READY' } },
    ],
  }; // prettier-ignore

  it('is stopped from the outside in, and what nothing stops is named each time', () =>
    play(world, async (lab) => {
      const { sandbox } = lab;
      await lab.alert(alert(1.01));
      const done = (manifestsIn(sandbox)[PROJECT]?.rungs ?? [])
        .flatMap(({ items = [] }) => items)
        .filter(({ status }) => status === 'done')
        .map(({ resource }) => resource.split('/').at(-1));
      expect(done).toEqual(expect.arrayContaining(['hourly', 'nightly', 'automl', 'score', 'colab']));
      // The pipeline went first, so that it did not submit its task again.
      expect([...sandbox.vertex.jobs.values()].map(({ state }) => state)).toEqual([expect.stringMatching(/_CANCELL/)]);
      const left = burningIn(lab);
      expect([...idsOf(left), ...done]).toEqual(expect.arrayContaining(['ray-cluster', 'search', 'fs', 'pool', 'v5e-16']));
      expect(left.every(({ why, command }) => why !== '' && /^(?:gcloud|curl) /.test(command))).toBe(true);
      await sandbox.clock.advance(120 * MINUTE_MS);
      await lab.alert(alert(1.1));
      expect(saidBurning(lab)).toHaveLength(2);
      for (const text of saidBurning(lab)) expect(text).toContain(`stop-compute done on demo-ml, ${left.length} left burning `);
    })); // prettier-ignore
});

describe('c09: nothing left to do', () => {
  const off: Omit<Project, 'id' | 'number'> = { vms: [{ id: 'gpu-1', zone: ZONE, machineType: 'a2-highgpu-1g', vmStatus: 'TERMINATED' }] }; // prettier-ignore
  const said = ({ lines }: SwitchWorld): readonly string[] =>
    messagesOf(lines, 'WARNING').filter((text) => text.includes('has nothing left to do on demo-ml'));
  const threeMessages = async (world: SwitchWorld): Promise<void> => {
    for (const share of [1.25, 1.25, 1.26]) await world.alert(alert(share));
  };

  it('is said once for each rung where billing was cut by hand', () =>
    play({ ...off, billingAccount: null }, async (world) => {
      // As Google's front end refuses every call to these for a project without billing.
      const message = 'This API method requires billing to be enabled.';
      for (const route of ['compute.*', 'notebooks.*', 'aiplatform.*'])
        world.sandbox.faults.add({ route, fault: { kind: 'status', status: 403, message, reason: 'BILLING_DISABLED' } });
      await threeMessages(world);
      expect(said(world).map((text) => text.split(' has ')[0])).toEqual(['stop-notebooks', 'stop-compute', 'unlink-billing']);
      expect(said(world)[1]).toMatch(/^stop-compute has nothing left to do on demo-ml: no billing account pays for it\. /);
      expect(changesIn(world.sandbox)).toEqual({});
      expect(messagesOf(world.lines, 'ERROR')).toEqual([]);
      expect(messagesOf(world.lines, 'INFO').filter((text) => text.includes('have fired before'))).toHaveLength(2);
    })); // prettier-ignore

  it('is said once for a deleted project, which is not looked at', () =>
    play({ ...off, state: 'DELETE_REQUESTED' }, async (world) => {
      await threeMessages(world);
      expect(said(world)).toHaveLength(3);
      expect(said(world)[0]).toContain('on demo-ml: it is deleted. ');
      expect(changesIn(world.sandbox)).toEqual({});
      const looked = world.sandbox.callLog.calls().filter(({ host }) => /^(?:compute|notebooks|.*aiplatform)\./.test(host));
      expect(looked).toEqual([]);
      expect(messagesOf(world.lines, 'INFO').filter((text) => text.includes('have fired before'))).toHaveLength(2);
    })); // prettier-ignore

  it('and a project that comes back from its deletion is looked at again', () =>
    play({ vms: [{ id: 'gpu-1', zone: ZONE, machineType: 'a2-highgpu-1g' }], state: 'DELETE_REQUESTED' }, async (world) => {
      await world.alert(alert(1.01));
      const seed = world.sandbox.projects.get(PROJECT).seed;
      Object.assign(seed, { state: 'ACTIVE' });
      await world.sandbox.clock.advance(10 * MINUTE_MS);
      await world.alert(alert(1.02));
      expect(statusOf(world, 'gpu-1')).not.toBe('RUNNING');
    })); // prettier-ignore
});
