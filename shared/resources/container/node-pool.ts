import * as z from 'zod/mini';
import type { Api } from '../../google/api.ts';
import { groupKey } from '../compute/controller.ts';
import { getGroup } from '../compute/group-facts.ts';
import { costOfMachines, describeMachines, type Machines } from '../cost.ts';
import { unpriced } from '../../prices/price.ts';
import { stoppableKind, type Listed } from '../define-kind.ts';
import type { Present, Standing, Step } from '../kind.ts';
import type { Look } from '../look.ts';
import { CONTAINER_HOST, getPool, listClusters, managersOf, poolLabels, type ClusterFacts, type NodePool, type PoolFacts } from './node-pool-facts.ts'; // prettier-ignore

const record = z.object({
  /** Nodes in each zone, by the zone's managed group: projects/P/zones/Z/instanceGroupManagers/N. */
  sizes: z.record(z.string(), z.number()),
  /** As the API shows it; absent where nothing scales the pool. */
  autoscaling: z.optional(z.record(z.string(), z.unknown())),
});
type Remembered = z.infer<typeof record>;

const CHANGE = ['container.clusters.get', 'container.clusters.update', 'compute.instanceGroupManagers.get'];

/** Node pools of standard GKE clusters: autoscaling off and no nodes, and both as before. Clusters run one operation at a time. */
export const NODE_POOLS = stoppableKind<Remembered>({
  kind: 'node-pool',
  title: 'GKE node pools',
  area: 'GKE clusters',
  permissions: {
    list: ['container.clusters.list', 'compute.instanceGroupManagers.list', 'compute.autoscalers.list'],
    stop: CHANGE,
    bringBack: CHANGE,
  },
  order: 20,
  record,
  async list(look) {
    const { pools, autopilot } = await listClusters(look);
    if (pools.length === 0) return autopilot.flatMap(listAutopilot);
    const sizes = await sizesOfGroups(look);
    return [...pools.flatMap((one) => listPool(one, sizes)), ...autopilot.flatMap(listAutopilot)];
  },
  stop: (resource, { autoscaling }) => [
    ...(autoscaling === undefined ? [] : [step('autoscaling-off', resource, (pool) => judgeAutoscaling(pool, { enabled: false }))]),
    step('resize-to-0', resource, (pool, nodes) => judgeSize(pool, nodes, undefined)),
  ],
  bringBack: (resource, { sizes, autoscaling }) => ({
    kind: 'steps',
    steps: [
      step('resize', resource, (pool, nodes) => judgeSize(pool, nodes, sizes)),
      ...(autoscaling === undefined ? [] : [step('autoscaling', resource, (pool) => judgeAutoscaling(pool, autoscaling))]),
    ],
  }),
}); // prettier-ignore

/** Sizes of all managed groups, by their keys. */
async function sizesOfGroups(look: Look): Promise<ReadonlyMap<string, number>> {
  return new Map(
    (await look.groups()).map(({ resource, targetSize }) => [groupKey(resource) ?? resource, targetSize]),
  );
}

function listPool(facts: PoolFacts, known: ReadonlyMap<string, number>): Listed[] {
  const { resource, cluster, pool } = facts;
  const managers = managersOf(pool);
  const found = managers.map((group): [string, number | undefined] => [
    group,
    known.get(groupKey(group) ?? ''),
  ]);
  const sizes = found.flatMap(([name, size]): [string, number][] =>
    size === undefined ? [] : [[name, size]],
  );
  const nodes = sizes.reduce((sum, [, size]) => sum + size, 0);
  const unseen = sizes.length < managers.length;
  if (nodes === 0 && !unseen) return [];
  const machines = machinesOf(facts, nodes);
  const autoscaled = pool.autoscaling?.enabled === true;
  return [
    {
      resource,
      state: pool.status ?? '',
      description: `${describeMachines([machines])}${autoscaled ? ', autoscaled' : ''}`,
      labels: poolLabels(facts),
      cost: unseen ? unpriced('how many nodes it has was not seen') : costOfMachines([machines]),
      fate: unseen
        ? { kind: 'named', why: 'how many nodes it has was not seen: it could not be brought back as it was' }
        : {
            kind: 'stoppable',
            record: {
              sizes: Object.fromEntries(sizes),
              ...(autoscaled ? { autoscaling: { ...pool.autoscaling } } : {}),
            },
          },
      command: commandOf(resource),
      memberKeys: [
        ...managers.flatMap((group) => groupKey(group) ?? []),
        `gke/${cluster.location}/${cluster.name}/${pool.name}`,
      ],
    },
  ];
}

function machinesOf({ cluster, pool }: PoolFacts, count: number): Machines {
  const { machineType, accelerators = [], spot, preemptible } = pool.config ?? {};
  return {
    machineType,
    accelerators: accelerators.map((gpu) => ({
      type: gpu.acceleratorType,
      count: Number(gpu.acceleratorCount ?? 1),
    })),
    zone: cluster.location,
    count,
    spot: spot === true || preemptible === true,
  };
}

function listAutopilot(cluster: ClusterFacts & { readonly resource: string }): Listed[] {
  const { resource, currentNodeCount = 0 } = cluster;
  if (currentNodeCount === 0) return [];
  const [, project = '', , location = '', , name = ''] = resource.split('/');
  return [
    {
      resource,
      state: cluster.status ?? '',
      description: `Autopilot cluster, ${currentNodeCount} nodes`,
      labels: cluster.resourceLabels ?? {},
      cost: unpriced('Autopilot bills what its pods request'),
      fate: { kind: 'named', why: 'Google runs its nodes for its pods: scale the workloads down' },
      command: `gcloud container clusters get-credentials ${name} --location=${location} --project=${project} && kubectl get pods --all-namespaces`,
    },
  ];
}

function commandOf(resource: string): string {
  const [, project = '', , location = '', , cluster = '', , pool = ''] = resource.split('/');
  return `gcloud container clusters resize ${cluster} --node-pool=${pool} --num-nodes=0 --location=${location} --project=${project}`;
}

/** Nodes in each zone, by the zone's managed group. */
type Nodes = Readonly<Record<string, number>>;

function step(name: string, resource: string, judge: (facts: PoolFacts, nodes: Nodes) => Standing): Step {
  return {
    name,
    async look(api): Promise<Present> {
      const facts = await getPool(api, resource);
      // Deleted together with its nodes.
      if (facts === undefined) return { state: 'deleted', labels: {}, standing: { kind: 'done' } };
      const standing = busy(facts) ?? judge(facts, await nodesOf(api, facts.pool));
      return { state: facts.pool.status ?? '', labels: poolLabels(facts), standing };
    },
  };
}

async function nodesOf(api: Api, pool: NodePool): Promise<Nodes> {
  const sizes = await Promise.all(
    managersOf(pool).map(async (group): Promise<[string, number]> => [
      group,
      (await getGroup(api, group)).targetSize,
    ]),
  );
  return Object.fromEntries(sizes);
}

/** A cluster refuses a change while another one goes on. */
function busy({ cluster, pool }: PoolFacts): Standing | undefined {
  if (pool.status === 'STOPPING' || cluster.status === 'STOPPING') return { kind: 'done' };
  const transit = [pool.status, cluster.status].find(
    (status) => status === 'RECONCILING' || status === 'PROVISIONING',
  );
  return transit === undefined ? undefined : { kind: 'in-transit', why: `its cluster is ${transit}` };
}

/** Whether a pool is still to get its size; `sizes` undefined: none. */
export function judgeSize({ resource, pool }: PoolFacts, nodes: Nodes, sizes: Nodes | undefined): Standing {
  const present = Object.values(nodes).reduce((sum, size) => sum + size, 0);
  const wanted = Object.entries(sizes ?? {});
  const total = wanted.reduce((sum, [, size]) => sum + size, 0);
  const request = (nodeCount: number): Standing => ({
    kind: 'ready',
    request: { call: 'container.nodePools.setSize', method: 'POST', url: `${CONTAINER_HOST}/${resource}:setSize`, body: { nodeCount } },
  }); // prettier-ignore
  if (sizes === undefined) return present === 0 ? { kind: 'done' } : request(0);
  // One size for every zone: the largest there was, and what is too much the autoscaler takes away.
  const perZone = Math.max(0, ...wanted.map(([, size]) => size));
  if (present === 0) return perZone === 0 ? { kind: 'done' } : request(perZone);
  const asRestored = Object.values(nodes).every((size) => size === perZone);
  if (!asRestored && present !== total)
    return { kind: 'refused', why: `it has ${present} nodes by now, it had ${total}` };
  // Its size is back and its nodes are not, as without capacity: GKE goes on trying.
  return pool.status === 'ERROR' || pool.status === 'RUNNING_WITH_ERROR'
    ? { kind: 'failed', why: `it is ${pool.status}: ${pool.statusMessage ?? 'no reason given'}` }
    : { kind: 'done' };
}

/** Whether a pool's autoscaling is still to be set; what an operator set meanwhile is left as it is. */
export function judgeAutoscaling(
  { resource, pool }: PoolFacts,
  autoscaling: Readonly<Record<string, unknown>>,
): Standing {
  const on = pool.autoscaling?.enabled === true;
  const wanted = autoscaling['enabled'] === true;
  if (on === wanted) {
    const other =
      wanted && Object.entries(autoscaling).some(([field, value]) => pool.autoscaling?.[field] !== value);
    return other ? { kind: 'refused', why: 'its autoscaling has other limits by now' } : { kind: 'done' };
  }
  return {
    kind: 'ready',
    request: {
      call: 'container.nodePools.setAutoscaling',
      method: 'POST',
      url: `${CONTAINER_HOST}/${resource}:setAutoscaling`,
      body: { autoscaling },
    },
  };
}
