import { describe, expect, it } from 'vitest';
import type { ResourceKind, Standing } from '../../../shared/resources/kind.ts';
import { setMode } from '../../../shared/resources/compute/instance-group-steps.ts';
import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import { discovery } from '../../sandbox/discovery/catalog.ts';
import { scriptedApi } from '../../support/scripted-api.ts';

type Stand = Standing['kind'];

/** What a look finds in each state that Google documents; what is not named here tells neither that it runs nor that it is off. */
interface Row {
  readonly kind: ResourceKind['kind'];
  /** API, schema and field that the states are of. */
  readonly states: readonly [string, string, string];
  readonly resource: string;
  readonly record: object;
  /** What Google answers; a path where several things are looked at. */
  readonly answer: (state: string, path: string) => object;
  readonly back: Readonly<Record<string, Stand>>;
  /** Of the last step of a stop: all others are stopped. */
  readonly stop: Readonly<Record<string, Stand>>;
}

const PLACE = 'projects/p/locations/us-central1';
const VERTEX = 'GoogleCloudAiplatformV1';
const GROUP = 'projects/p/zones/us-central1-a/instanceGroupManagers/g';
const POOL = `${PLACE}/clusters/c/nodePools/n`;
const OFF_AND_GOING = (off: readonly string[], going: readonly string[]): Readonly<Record<string, Stand>> =>
  Object.fromEntries([
    ...off.map((state) => [state, 'done']),
    ...going.map((state) => [state, 'in-transit']),
  ]) as Readonly<Record<string, Stand>>;

const ROWS: readonly Row[] = [
  {
    kind: 'vm',
    states: ['compute:v1', 'Instance', 'status'],
    resource: 'projects/p/zones/us-central1-a/instances/vm',
    record: { localSsds: 0, spot: false },
    answer: (status) => ({ id: '1', name: 'vm', status }),
    back: { RUNNING: 'done', TERMINATED: 'ready', STOPPED: 'ready', SUSPENDED: 'refused' },
    stop: OFF_AND_GOING(
      ['TERMINATED', 'STOPPED', 'SUSPENDED', 'PENDING_STOP', 'STOPPING', 'SUSPENDING', 'DEPROVISIONING'],
      ['PROVISIONING', 'STAGING'],
    ),
  },
  {
    kind: 'notebook',
    states: ['notebooks:v2', 'Instance', 'state'],
    resource: `${PLACE}-a/instances/nb`,
    record: {},
    answer: (state, path) =>
      path.includes('/zones/')
        ? { id: '1', name: 'nb', status: 'RUNNING' }
        : { name: `${PLACE}-a/instances/nb`, state, gceSetup: { instanceId: '1' } },
    back: { ACTIVE: 'done', STOPPED: 'ready', SUSPENDED: 'ready', DELETED: 'ready' },
    stop: OFF_AND_GOING(
      ['STOPPED', 'SUSPENDED', 'DELETED', 'STOPPING', 'SUSPENDING'],
      ['STARTING', 'PROVISIONING', 'INITIALIZING', 'UPGRADING'],
    ),
  },
  {
    kind: 'workstation',
    states: ['workstations:v1', 'Workstation', 'state'],
    resource: `${PLACE}/workstationClusters/c/workstationConfigs/k/workstations/ws`,
    record: {},
    answer: (state) => ({
      name: `${PLACE}/workstationClusters/c/workstationConfigs/k/workstations/ws`,
      state,
    }),
    back: { STATE_RUNNING: 'done', STATE_STOPPED: 'ready', STATE_SUSPENDED: 'ready' },
    stop: OFF_AND_GOING(
      ['STATE_STOPPED', 'STATE_SUSPENDED', 'STATE_STOPPING', 'STATE_SUSPENDING'],
      ['STATE_STARTING'],
    ),
  },
  {
    kind: 'tpu',
    states: ['tpu:v2', 'Node', 'state'],
    resource: `${PLACE}-a/nodes/t`,
    record: { acceleratorType: 'v5litepod-8' },
    answer: (state) => ({ name: `${PLACE}-a/nodes/t`, state }),
    back: { READY: 'done', STOPPED: 'ready', PREEMPTED: 'ready', TERMINATED: 'ready', HIDDEN: 'ready' },
    stop: OFF_AND_GOING(
      ['STOPPED', 'PREEMPTED', 'TERMINATED', 'HIDDEN', 'STOPPING', 'DELETING', 'HIDING'],
      ['CREATING', 'STARTING', 'RESTARTING', 'REIMAGING', 'UNHIDING'],
    ),
  },
  {
    kind: 'dataproc-cluster',
    states: ['dataproc:v1', 'ClusterStatus', 'state'],
    resource: 'projects/p/regions/us-central1/clusters/spark',
    record: { clusterUuid: 'u' },
    answer: (state) => ({ clusterName: 'spark', clusterUuid: 'u', status: { state } }),
    back: { RUNNING: 'done', STOPPED: 'ready', ERROR: 'failed', ERROR_DUE_TO_UPDATE: 'failed' },
    stop: OFF_AND_GOING(
      ['STOPPED', 'STOPPING', 'DELETING'],
      ['CREATING', 'STARTING', 'UPDATING', 'REPAIRING'],
    ),
  },
  {
    kind: 'colab-runtime',
    states: ['aiplatform:v1', `${VERTEX}NotebookRuntime`, 'runtimeState'],
    resource: `${PLACE}/notebookRuntimes/r`,
    record: {},
    answer: (runtimeState) => ({ name: `${PLACE}/notebookRuntimes/r`, runtimeState }),
    back: { RUNNING: 'done', STOPPED: 'ready', INVALID: 'ready', ERROR: 'failed' },
    stop: OFF_AND_GOING(['STOPPED', 'INVALID', 'BEING_STOPPED'], ['BEING_STARTED', 'BEING_UPGRADED']),
  },
  {
    kind: 'schedule',
    states: ['aiplatform:v1', `${VERTEX}Schedule`, 'state'],
    resource: `${PLACE}/schedules/s`,
    record: { displayName: 's' },
    answer: (state) => ({ name: `${PLACE}/schedules/s`, state }),
    back: { ACTIVE: 'done', PAUSED: 'ready', COMPLETED: 'refused' },
    stop: OFF_AND_GOING(['PAUSED', 'COMPLETED'], []),
  },
  ...(['status', 'cluster'] as const).map((of): Row => ({
    kind: 'node-pool',
    states: ['container:v1', of === 'status' ? 'NodePool' : 'Cluster', 'status'],
    resource: POOL,
    record: { sizes: { [GROUP]: 2 } },
    answer: (state, path) =>
      path.includes('instanceGroupManagers')
        ? { name: 'g', targetSize: 2, status: { isStable: true } }
        : {
            ...{ name: 'c', location: 'us-central1', status: of === 'status' ? 'RUNNING' : state },
            nodePools: [
              {
                ...{ name: 'n', status: of === 'status' ? state : 'RUNNING' },
                instanceGroupUrls: [`https://www.googleapis.com/compute/v1/${GROUP}`],
              },
            ],
          },
    // A cluster's own state says nothing of a pool that runs, unless it changes or goes.
    back:
      of === 'status'
        ? { RUNNING: 'done', RUNNING_WITH_ERROR: 'failed', ERROR: 'failed', STOPPING: 'refused' }
        : Object.fromEntries(
            ['STATUS_UNSPECIFIED', 'RUNNING', 'ERROR', 'DEGRADED', 'SOME_NEW_STATE', '']
              .map((state): [string, Stand] => [state, 'done'])
              .concat([['STOPPING', 'refused']]),
          ),
    stop: OFF_AND_GOING(['STOPPING'], ['PROVISIONING', 'RECONCILING']),
  })),
  {
    kind: 'node-pool',
    states: ['container:v1', 'Cluster', 'status'],
    resource: `${PLACE}/clusters/c`,
    record: { provisioning: { enableNodeAutoprovisioning: true } },
    answer: (status) => ({
      ...{ name: 'c', location: 'us-central1', status },
      autoscaling: { enableNodeAutoprovisioning: true },
    }),
    // Whether it is on, the cluster's state does not say.
    back: Object.fromEntries(
      ['STATUS_UNSPECIFIED', 'RUNNING', 'ERROR', 'DEGRADED', 'SOME_NEW_STATE', '']
        .map((state): [string, Stand] => [state, 'done'])
        .concat([['STOPPING', 'refused']]),
    ),
    stop: OFF_AND_GOING(['STOPPING'], ['PROVISIONING', 'RECONCILING']),
  },
];

/** As Google documents them, one that it may add, and none. */
function statesOf([api, schema, field]: Row['states']): readonly string[] {
  const { schemas = {}, enums = [] } = discovery.apis[api] ?? {};
  const type = schemas[schema]?.[field];
  const values = typeof type === 'string' ? enums[Number(/=(\d+)$/.exec(type)?.[1])]?.split(' ') : undefined;
  if (values === undefined) throw new Error(`${api} has no enum at ${schema}.${field}`);
  return [...values, 'SOME_NEW_STATE', ''];
}

function kindOf({ kind }: Row): ResourceKind {
  const found = RESOURCE_KINDS.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`No kind ${kind}`);
  return found;
}

async function standingOf(row: Row, way: 'back' | 'stop', state: string): Promise<Standing> {
  const { api } = scriptedApi(({ target }) => row.answer(state, target));
  const kind = kindOf(row);
  const target = { resource: row.resource, record: row.record };
  const back = kind.bringBack(target);
  const steps = way === 'stop' ? kind.stop(target) : back.kind === 'steps' ? back.steps : [];
  const step = steps.at(-1);
  if (step === undefined) throw new Error(`${row.kind} has no steps ${way}`);
  return (await step.look(api)).standing;
}

describe.each(ROWS.map((row) => ({ row, title: `${row.kind} by ${row.states.join(' ')}` })))(
  '$title',
  ({ row }) => {
    it.each(statesOf(row.states))('"%s" counts as back only where it runs for sure', async (state) => {
      const standing = await standingOf(row, 'back', state);
      expect(standing.kind).toBe(row.back[state] ?? 'in-transit');
    });

    it.each(statesOf(row.states))(
      '"%s" counts as stopped only where it is off or on its way',
      async (state) => {
        expect((await standingOf(row, 'stop', state)).kind).toBe(row.stop[state] ?? 'ready');
      },
    );
  },
);

describe('the kinds above', () => {
  it('are all that are brought back by steps and have states', () => {
    const bySteps = RESOURCE_KINDS.filter((one) => {
      if (one.kind === 'instance-group' || one.kind === 'endpoint') return false;
      try {
        return one.stop({ resource: 'projects/p', record: {} }).length > 0;
      } catch {
        return true;
      }
    }).map(({ kind }) => kind);
    const jobs = bySteps.filter((kind) => /-job$|training-pipeline/.test(kind));
    expect(bySteps.filter((kind) => !jobs.includes(kind)).sort()).toEqual(
      [...new Set(ROWS.map(({ kind }) => kind))].sort(),
    );
  });
});

describe('the look at an autoscaler', () => {
  it.each([{}, { name: 'other' }, { name: '' }])(
    'that is answered with %j does not say that it works again: whether it does is not known',
    async (answer) => {
      const { api } = scriptedApi(({ target }) =>
        target.endsWith('/autoscalers/a') ? answer : { name: 'g', targetSize: 0, status: {} },
      );
      await expect(setMode(GROUP, 'a', 'ON').look(api)).rejects.toMatchObject({ name: 'GoogleApiError' });
    },
  );
});
