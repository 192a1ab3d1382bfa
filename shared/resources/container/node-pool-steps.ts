import type { Api } from '../../google/api.ts';
import { BusyError } from '../../google/google-api-error.ts';
import { newestGroupError } from '../compute/group-errors.ts';
import { getGroup } from '../compute/group-facts.ts';
import type { KindRequest, Present, Standing, Step } from '../kind.ts';
import { unknownState } from '../state-step.ts';
import { CONTAINER_HOST, getPool, managersOf, poolLabels, reasonOf, type NodePool, type PoolFacts } from './node-pool-facts.ts'; // prettier-ignore

/** Nodes in each zone, by the zone's managed group. */
type Nodes = Readonly<Record<string, number>>;

/** One change of a pool, on the way down or back. */
export function poolStep(
  way: keyof typeof WAYS,
  name: string,
  resource: string,
  judge: (facts: PoolFacts, nodes: Nodes) => Standing,
): Step {
  return {
    name,
    async look(api): Promise<Present> {
      const facts = await getPool(api, resource);
      if (facts === undefined) return { state: 'deleted', labels: {}, standing: WAYS[way].gone };
      const standing = unsettled(facts, way) ?? judge(facts, await nodesOf(api, facts.pool));
      return { state: facts.pool.status ?? '', labels: poolLabels(facts), standing };
    },
    async explain(api, sinceMs) {
      const facts = await getPool(api, resource);
      return newestGroupError(api, facts === undefined ? [] : managersOf(facts.pool), sinceMs);
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

/** A pool is deleted together with its nodes: then nothing is left to stop, and nothing comes back. */
const WAYS: Readonly<Record<'down' | 'back', Readonly<Record<'gone' | 'deleting', Standing>>>> = {
  down: { gone: { kind: 'done' }, deleting: { kind: 'done' } },
  back: {
    gone: { kind: 'refused', why: 'it does not exist any more' },
    deleting: { kind: 'refused', why: 'it is being deleted' },
  },
};

/** States of a pool, and of a cluster, while it is changed. */
export const CHANGING: ReadonlySet<string> = new Set(['PROVISIONING', 'RECONCILING']);
const FAILED: ReadonlySet<string> = new Set(['ERROR', 'RUNNING_WITH_ERROR']);

/** What is said of a pool before its sizes count; undefined where these do. */
function unsettled({ cluster, pool }: PoolFacts, way: keyof typeof WAYS): Standing | undefined {
  const statuses = [pool.status ?? '', cluster.status ?? ''];
  if (statuses.includes('STOPPING')) return WAYS[way].deleting;
  // A cluster refuses a change while another one goes on.
  const changing = statuses.find((status) => CHANGING.has(status));
  if (changing !== undefined) return { kind: 'in-transit', why: `its cluster is ${changing}` };
  const [status = ''] = statuses;
  return way === 'down' || status === 'RUNNING' || FAILED.has(status)
    ? undefined
    : { kind: 'in-transit', why: unknownState(status) };
}

/**
 * Whether a pool still has nodes to be taken away. Throws `BusyError` while its autoscaling is on again since it was switched off,
 * which would give it nodes: the next look switches it off again.
 */
export function judgeEmpty({ resource, pool }: PoolFacts, nodes: Nodes): Standing {
  if (pool.autoscaling?.enabled === true)
    throw new BusyError(`Cannot empty "${resource}" for good: its autoscaling is on again`);
  return nodesIn(nodes) === 0 ? { kind: 'done' } : { kind: 'ready', request: sizeRequest(resource, 0) };
}

/** Whether a pool is still to get its size. One whose autoscaling is on again, as it was, gets it from its autoscaler. */
export function judgeSize(
  { resource, pool }: PoolFacts,
  nodes: Nodes,
  { sizes, autoscaling }: { readonly sizes: Nodes; readonly autoscaling?: unknown },
): Standing {
  const [present, total] = [nodesIn(nodes), nodesIn(sizes)];
  // One size for every zone: the largest there was, and what is too much the autoscaler takes away.
  const perZone = Math.max(0, ...Object.values(sizes));
  const isRestored = present > 0 && Object.values(nodes).every((size) => size === perZone);
  const isScaled = autoscaling !== undefined && pool.autoscaling?.enabled === true;
  if (!isRestored && present !== total && !isScaled)
    return present === 0
      ? { kind: 'ready', request: sizeRequest(resource, perZone) }
      : { kind: 'refused', why: `it has ${present} nodes by now, it had ${total}` };
  // Its size is back and its nodes are not, as without capacity: GKE goes on trying.
  return FAILED.has(pool.status ?? '')
    ? {
        kind: 'failed',
        inForce: true,
        why: `it is ${pool.status}: ${reasonOf(pool)}`,
      }
    : { kind: 'done' };
}

function nodesIn(nodes: Nodes): number {
  return Object.values(nodes).reduce((sum, size) => sum + size, 0);
}

function sizeRequest(resource: string, nodeCount: number): KindRequest {
  return {
    call: 'container.nodePools.setSize',
    method: 'POST',
    url: `${CONTAINER_HOST}/${resource}:setSize`,
    body: { nodeCount },
  };
}

/**
 * Whether a pool's autoscaling is still to be set; what an operator set meanwhile is left as it is. That node auto-provisioning made a pool
 * says nothing of its limits, and while that is off Google may not keep it.
 */
export function judgeAutoscaling(
  { resource, pool }: PoolFacts,
  autoscaling: Readonly<Record<string, unknown>>,
): Standing {
  const on = pool.autoscaling?.enabled === true;
  const desired = autoscaling['enabled'] === true;
  if (on === desired) {
    const other =
      desired &&
      Object.entries(autoscaling).some(
        ([field, value]) => field !== 'autoprovisioned' && pool.autoscaling?.[field] !== value,
      );
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
