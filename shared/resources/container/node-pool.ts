import * as z from 'zod/mini';
import { LOCAL_SSD_GB } from '../../google/vms.ts';
import { groupKey } from '../compute/controller.ts';
import { emptyPool } from '../compute/services.ts';
import { costOfMachines, describeMachines, type Machines } from '../cost.ts';
import { unpriced } from '../../prices/price.ts';
import { stoppableKind, type Listed } from '../define-kind.ts';
import type { Look } from '../look.ts';
import {
  clusterOf,
  listClusters,
  managersOf,
  poolLabels,
  type ClusterFacts,
  type NodePool,
  type PoolFacts,
} from './node-pool-facts.ts';
import { judgeAutoscaling, judgeEmpty, judgeSize, poolStep } from './node-pool-steps.ts';
import { listProvisioning, provisioningStep } from './provisioning.ts';

const poolRecord = z.object({
  /** Nodes in each zone, by the zone's managed group: projects/P/zones/Z/instanceGroupManagers/N. */
  sizes: z.record(z.string(), z.number()),
  /** As the API shows it; absent where nothing scales the pool. */
  autoscaling: z.optional(z.record(z.string(), z.unknown())),
});
/** Of a cluster, whose node auto-provisioning makes pools by itself. */
const provisioningRecord = z.object({ provisioning: z.record(z.string(), z.unknown()) });
const record = z.union([poolRecord, provisioningRecord]);
type Remembered = z.infer<typeof record>;

const CHANGE = ['container.clusters.get', 'container.clusters.update', 'compute.instanceGroupManagers.get'];

/**
 * Node pools of standard GKE clusters: autoscaling off and no nodes, and both as before. What makes pools by itself, a cluster's node
 * auto-provisioning, is off before they are emptied. Clusters run one operation at a time.
 */
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
  // GKE refuses a change of a cluster while another one goes on.
  changedIn: clusterOf,
  record,
  async list(look) {
    const { pools, autopilot, provisioning } = await listClusters(look);
    const clusters = [...provisioning.map(listProvisioning), ...autopilot.flatMap(listAutopilot)];
    if (pools.length === 0) return clusters;
    const sizes = await sizesOfGroups(look);
    return [...clusters, ...pools.flatMap((one) => listPool(one, sizes, look.now))];
  },
  stop: (resource, remembered) =>
    'provisioning' in remembered
      ? [provisioningStep('down', resource, remembered.provisioning)]
      : [
          ...(remembered.autoscaling === undefined ? [] : [poolStep('down', 'autoscaling-off', resource, (pool) => judgeAutoscaling(pool, { enabled: false }))]),
          poolStep('down', 'resize-to-0', resource, judgeEmpty),
        ],
  bringBack: (resource, remembered) => {
    if ('provisioning' in remembered)
      return { kind: 'steps', steps: [provisioningStep('back', resource, remembered.provisioning)] };
    const { autoscaling } = remembered;
    return {
      kind: 'steps',
      steps: [
        poolStep('back', 'resize', resource, (pool, nodes) => judgeSize(pool, nodes, remembered)),
        ...(autoscaling === undefined ? [] : [poolStep('back', 'autoscaling', resource, (pool) => judgeAutoscaling(pool, autoscaling))]),
      ],
    };
  },
  // Where nothing scales it, it is as the stop left it.
  rejoin: (before, now) => ({ ...before, ...now }),
}); // prettier-ignore

/** Sizes of all managed groups, by their keys. */
async function sizesOfGroups(look: Look): Promise<ReadonlyMap<string, number>> {
  return new Map(
    (await look.groups()).map(({ resource, targetSize }) => [groupKey(resource) ?? resource, targetSize]),
  );
}

function listPool(facts: PoolFacts, known: ReadonlyMap<string, number>, now: Date): Listed[] {
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
      cost: unseen ? unpriced('how many nodes it has was not seen') : costOfMachines([machines], now),
      startedBy: pool.autoscaling?.autoprovisioned === true ? provisionerOf(cluster) : undefined,
      fate: unseen
        ? { kind: 'named', why: 'how many nodes it has was not seen: it could not be brought back as it was' }
        : {
            kind: 'stoppable',
            record: {
              sizes: Object.fromEntries(sizes),
              ...(autoscaled ? { autoscaling: { ...pool.autoscaling } } : {}),
            },
          },
      command: commandOf(resource, autoscaled),
      memberKeys: [
        ...managers.flatMap((group) => groupKey(group) ?? []),
        `gke/${cluster.location}/${cluster.name}/${pool.name}`,
      ],
    },
  ];
}

/** A node has its local SSDs in one of three forms, the last in two parts. Source: container v1, EphemeralStorageLocalSsdConfig. */
function localSsdsOf({ config }: NodePool): number {
  const { localSsdCount = 0, localNvmeSsdBlockConfig, ephemeralStorageLocalSsdConfig } = config ?? {};
  return (
    localSsdCount +
    (localNvmeSsdBlockConfig?.localSsdCount ?? 0) +
    (ephemeralStorageLocalSsdConfig?.localSsdCount ?? 0) +
    (ephemeralStorageLocalSsdConfig?.dataCacheCount ?? 0)
  );
}

function machinesOf({ cluster, pool }: PoolFacts, count: number): Machines {
  const { machineType, accelerators = [], spot, preemptible, flexStart } = pool.config ?? {};
  return {
    machineType,
    localSsdGb: localSsdsOf(pool) * LOCAL_SSD_GB,
    accelerators: accelerators.map((gpu) => ({
      type: gpu.acceleratorType,
      count: Number(gpu.acceleratorCount ?? 1),
    })),
    zone: cluster.location,
    count,
    spot: spot === true || preemptible === true,
    ...(flexStart === true ? { bought: 'flex-start' } : {}),
  };
}

/** What makes a pool by itself. A compute class makes pools without node auto-provisioning, too. */
function provisionerOf({ autoscaling }: ClusterFacts): string {
  return autoscaling?.enableNodeAutoprovisioning === true
    ? 'node auto-provisioning of its cluster, which makes another pool for pods that wait'
    : 'a compute class of its cluster, or its node auto-provisioning, which is off by now';
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

function commandOf(resource: string, isScaled: boolean): string {
  const [, project = '', , location = '', , cluster = '', , pool = ''] = resource.split('/');
  return emptyPool(cluster, pool, `--location=${location} --project=${project}`, isScaled);
}
