import * as z from 'zod/mini';
import type { Api } from '../../google/api.ts';
import { noteStrange, readItems, textField } from '../../google/read-items.ts';
import { parseAnswer, requireListed, requireNamed, unexpectedAnswer } from '../../google/parse-answer.ts';
import { stringMap } from '../../google/string-map.ts';
import { resourceId } from '../../google/resource-name.ts';
import { unreachable, type Look } from '../look.ts';

export const CONTAINER_HOST = 'https://container.googleapis.com/v1';

const localSsds = z.optional(z.looseObject({ localSsdCount: z.optional(z.number()) }));

/** Source: Kubernetes Engine API v1, resources Cluster and NodePool. */
const poolSchema = z.object({
  name: z.string(),
  status: z.optional(z.string()),
  statusMessage: z.optional(z.string()),
  conditions: z.optional(
    z.array(
      z.looseObject({
        code: z.optional(z.string()),
        canonicalCode: z.optional(z.string()),
        message: z.optional(z.string()),
      }),
    ),
  ),
  config: z.optional(
    z.looseObject({
      machineType: z.optional(z.string()),
      accelerators: z.optional(
        z.array(
          z.looseObject({
            acceleratorType: z.optional(z.string()),
            acceleratorCount: z.optional(z.union([z.string(), z.number()])),
          }),
        ),
      ),
      spot: z.optional(z.boolean()),
      preemptible: z.optional(z.boolean()),
      flexStart: z.optional(z.boolean()),
      localSsdCount: z.optional(z.number()),
      localNvmeSsdBlockConfig: localSsds,
      ephemeralStorageLocalSsdConfig: z.optional(
        z.looseObject({ localSsdCount: z.optional(z.number()), dataCacheCount: z.optional(z.number()) }),
      ),
      labels: z.optional(stringMap),
      resourceLabels: z.optional(stringMap),
    }),
  ),
  autoscaling: z.optional(
    z.looseObject({ enabled: z.optional(z.boolean()), autoprovisioned: z.optional(z.boolean()) }),
  ),
  instanceGroupUrls: z.optional(z.array(z.string())),
});
export type NodePool = z.infer<typeof poolSchema>;

const clusterSchema = z.object({
  name: z.string(),
  location: z.string(),
  selfLink: z.optional(z.string()),
  status: z.optional(z.string()),
  autopilot: z.optional(z.looseObject({ enabled: z.optional(z.boolean()) })),
  /** All of it, for it is given back as it was. */
  autoscaling: z.optional(z.looseObject({ enableNodeAutoprovisioning: z.optional(z.boolean()) })),
  currentNodeCount: z.optional(z.number()),
  resourceLabels: z.optional(stringMap),
  nodePools: z.optional(z.unknown()),
});
export type ClusterFacts = Omit<z.infer<typeof clusterSchema>, 'nodePools'>;

/** A node pool with what its cluster says. */
export interface PoolFacts {
  /** projects/P/locations/L/clusters/C/nodePools/N */
  readonly resource: string;
  readonly cluster: ClusterFacts;
  readonly pool: NodePool;
}

const listSchema = z.looseObject({
  clusters: z.optional(z.unknown()),
  missingZones: z.optional(z.array(z.string())),
});

export interface ClusterListing {
  readonly pools: readonly PoolFacts[];
  /** Clusters whose nodes Google runs: they have no pools of their own to resize. */
  readonly autopilot: readonly (ClusterFacts & { readonly resource: string })[];
  /** Clusters that make node pools for pods that wait, and so replace one that was emptied. */
  readonly provisioning: readonly (ClusterFacts & { readonly resource: string })[];
}

/** All clusters of a project in one call. Needs container.clusters.list. Throws `GoogleApiError`. */
export async function listClusters(look: Look): Promise<ClusterListing> {
  const { api, projectId } = look;
  const call = 'container.clusters.list';
  const url = `${CONTAINER_HOST}/projects/${projectId}/locations/-/clusters`;
  const { clusters, missingZones = [] } = parseAnswer(call, listSchema, await api.request(call, { url }));
  for (const zone of missingZones) look.gap(unreachable(`projects/${projectId} ${zone}`, 'GKE clusters'));
  const read = readItems(clusters, clusterSchema, 'clusters');
  const all = `projects/${projectId}/locations/-/clusters/-`;
  for (const cluster of read.items) requireListed(call, look.ofProject, nameOf(cluster, all), all);
  noteStrange(look.gap, `projects/${projectId} GKE clusters`, read.strange);
  const named = read.items.map((cluster) => ({
    ...cluster,
    resource: `projects/${projectId}/locations/${cluster.location}/clusters/${cluster.name}`,
  }));
  const standard = named.filter(({ autopilot }) => autopilot?.enabled !== true);
  return {
    autopilot: named.filter(({ autopilot }) => autopilot?.enabled === true),
    provisioning: standard.filter(({ autoscaling }) => autoscaling?.enableNodeAutoprovisioning === true),
    pools: standard.flatMap(({ nodePools, resource, ...cluster }) => {
      const pools = readItems(nodePools, poolSchema, 'nodePools');
      noteStrange(look.gap, resource, pools.strange);
      return pools.items.map((pool) => ({ resource: `${resource}/nodePools/${pool.name}`, cluster, pool }));
    }),
  };
}

/** projects/P/locations/L/clusters/C of a node pool. */
export function clusterOf(pool: string): string {
  return pool.replace(/\/nodePools\/[^/]+$/, '');
}

const GET = 'container.clusters.get';

/** A cluster as it is now; its pools are unchecked. Needs container.clusters.get. Throws `GoogleApiError`, 404 when it is gone. */
export async function getCluster(api: Api, resource: string): Promise<z.infer<typeof clusterSchema>> {
  const url = `${CONTAINER_HOST}/${resource}`;
  const cluster = parseAnswer(GET, clusterSchema, await api.request(GET, { url }));
  requireNamed(GET, nameOf(cluster, resource), resource);
  return cluster;
}

/** A node pool as it is now, with its cluster. Needs container.clusters.get. Throws `GoogleApiError`; undefined when the pool is gone. */
export async function getPool(api: Api, resource: string): Promise<PoolFacts | undefined> {
  const { nodePools, ...cluster } = await getCluster(api, clusterOf(resource));
  const name = resourceId(resource);
  const { items, strange } = readItems(nodePools, poolSchema, 'nodePools');
  const pool = items.find((one) => one.name === name);
  // One that cannot be read may be this one: it is not gone.
  const unread = strange.find(({ raw }) => [name, undefined].includes(textField(raw, 'name')));
  if (pool === undefined && unread !== undefined) throw unexpectedAnswer(GET, unread);
  return pool === undefined ? undefined : { resource, cluster, pool };
}

/** A cluster's link names its zone in another way than its name does (`zones/Z`), so that only its project is read there. */
function nameOf({ name, location, selfLink }: ClusterFacts, resource: string): string {
  const project = /\/projects\/([^/]+)\//.exec(selfLink ?? `/${resource}`)?.[1] ?? '';
  return `projects/${project}/locations/${location}/clusters/${name}`;
}

/** The managed groups of a pool's zones, projects/P/zones/Z/instanceGroupManagers/N; some answers name their instance groups. */
export function managersOf({ instanceGroupUrls = [] }: NodePool): readonly string[] {
  return instanceGroupUrls.map((url) =>
    url.replace(/^.*\/projects\//, 'projects/').replace('/instanceGroups/', '/instanceGroupManagers/'),
  );
}

/** Labels of a pool: its cluster's, its machines' and its nodes'. */
export function poolLabels({ cluster, pool }: PoolFacts): Readonly<Record<string, string>> {
  return { ...cluster.resourceLabels, ...pool.config?.resourceLabels, ...pool.config?.labels };
}

/** Codes of which nothing follows. */
const NO_CODE: ReadonlySet<string> = new Set(['UNKNOWN', 'OK', '']);

/**
 * Why a pool is not as it should be, by what GKE says: its `statusMessage`, which is deprecated, and its `conditions`, which take its
 * place. Source: Kubernetes Engine API v1, resource NodePool. Pure.
 */
export function reasonOf({ statusMessage = '', conditions = [] }: NodePool): string {
  const said = conditions.map(({ code = '', canonicalCode = '', message = '' }) =>
    [[code, canonicalCode].find((one) => !NO_CODE.has(one)) ?? '', message]
      .filter((part) => part !== '')
      .join(': '),
  );
  const reasons = new Set([statusMessage, ...said].filter((part) => part !== ''));
  return reasons.size === 0 ? 'GKE names no reason' : [...reasons].join('; ');
}
