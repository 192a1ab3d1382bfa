import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import { readBody } from '../../http/read-body.ts';
import type { Call, Route } from '../../http/route.ts';
import type { Groups } from '../compute/groups.ts';
import type { StoredServiceOptions } from '../stored/routes.ts';
import type { Stored } from '../stored/store.ts';

const HOST = 'container.googleapis.com';
const OPERATION_MS = 20_000;

const poolSchema = z.looseObject({
  name: z.string(),
  status: z.string().default('RUNNING'),
  instanceGroupUrls: z.array(z.string()).default([]),
});
const clusterSchema = z.looseObject({
  status: z.string().default('RUNNING'),
  nodePools: z.array(poolSchema).default([]),
});
const autoscalingSchema = z.strictObject({
  autoscaling: z.strictObject({
    enabled: z.boolean().optional(),
    minNodeCount: z.int().optional(),
    maxNodeCount: z.int().optional(),
    totalMinNodeCount: z.int().optional(),
    totalMaxNodeCount: z.int().optional(),
    autoprovisioned: z.boolean().optional(),
    locationPolicy: z.string().optional(),
  }),
});
const updateSchema = z.strictObject({
  // gcloud names the cluster here as well.
  name: z.string().optional(),
  update: z.strictObject({
    desiredClusterAutoscaling: z.looseObject({
      enableNodeAutoprovisioning: z.boolean().default(false),
      resourceLimits: z.array(z.looseObject({ resourceType: z.string() })).optional(),
      autoprovisioningNodePoolDefaults: z.looseObject({}).optional(),
    }),
  }),
});
const sizeSchema = z.strictObject({ nodeCount: z.int().min(0) });

/** Google Kubernetes Engine v1: standard clusters and the size of their node pools, which live in managed instance groups. */
export function containerRoutes(
  options: StoredServiceOptions & { readonly groups: Groups; readonly clusterUpdates: { keep: boolean } },
): Route[] {
  const { clock, store, projects, groups, requireBilling, clusterUpdates } = options;
  const projectOf = (call: Call): string => projects.require(call.params['project'] ?? '', 'container');
  const clusterOf = (call: Call): Stored =>
    store.get(projectOf(call), 'container', `locations/${call.params['location'] ?? ''}/clusters/${call.params['cluster'] ?? ''}`); // prettier-ignore
  const show = (cluster: Stored): Record<string, unknown> => ({
    name: cluster.path.split('/').at(-1),
    location: cluster.path.split('/')[1],
    ...cluster.body,
    ...clusterSchema.parse(cluster.body),
  });
  const poolOf = (call: Call): { cluster: Stored; pool: z.infer<typeof poolSchema> } => {
    const cluster = clusterOf(call);
    Object.assign(cluster.body, clusterSchema.parse(cluster.body));
    const { nodePools } = clusterSchema.parse(cluster.body);
    cluster.body['nodePools'] = nodePools;
    const pool = nodePools.find(({ name }) => name === call.params['pool']);
    if (pool === undefined)
      throw new ApiError('NOT_FOUND', `Not found: node pool "${call.params['pool'] ?? ''}".`);
    return { cluster, pool };
  };
  /** Operations of one cluster run one after the other. */
  const reconcile = (cluster: Stored, type: string, end: () => void = () => undefined): object => {
    const { status, nodePools } = clusterSchema.parse(cluster.body);
    // Also a change of one of its pools, with which the cluster itself may stay RUNNING.
    const changed = type === 'UPDATE_CLUSTER' ? nodePools.map((pool) => pool.status) : [];
    if ([status, ...changed].includes('RECONCILING'))
      throw new ApiError(
        'FAILED_PRECONDITION',
        `Cluster is running incompatible operation operation-1: retry when it is done.`,
      );
    cluster.body['status'] = 'RECONCILING';
    clock.after(OPERATION_MS, () => {
      cluster.body['status'] = 'RUNNING';
      end();
    });
    return { name: `operation-${clock.now()}`, operationType: type, status: 'RUNNING' };
  };
  const operate = (call: Call, type: string, change: (pool: z.infer<typeof poolSchema>) => void): object => {
    const { cluster, pool } = poolOf(call);
    const operation = reconcile(cluster, type, () => {
      poolOf(call).pool.status = 'RUNNING';
    });
    pool.status = 'RECONCILING';
    change(pool);
    return operation;
  };
  const route = (
    id: string,
    method: Route['method'],
    path: string,
    permission: string,
    handle: (call: Call) => object,
  ): Route => ({
    id: `container.projects.locations.${id}`,
    host: HOST,
    method,
    path: new RegExp(`^/v1/projects/(?<project>[^/]+)/locations/(?<location>[^/]+)/clusters${path}$`),
    query: [],
    needs: (call) => [{ permission: `container.clusters.${permission}`, on: `projects/${projectOf(call)}` }],
    handle: (call) => ({ body: handle(call) }),
  });
  const POOL = '/(?<cluster>[^/:]+)/nodePools/(?<pool>[^/:]+)';
  return [
    route('clusters.list', 'GET', '', 'list', (call) => {
      const projectId = projectOf(call);
      const missing = projects.get(projectId).seed.unreachableLocations;
      const clusters = store
        .list(projectId, 'container', `locations/${call.params['location'] ?? ''}`, 'clusters')
        .filter(({ path }) => !missing.includes(path.split('/')[1] ?? ''));
      return {
        ...(clusters.length === 0 ? {} : { clusters: clusters.map(show) }),
        ...(missing.length === 0 ? {} : { missingZones: missing }),
      };
    }),
    route('clusters.get', 'GET', '/(?<cluster>[^/:]+)', 'get', (call) => show(clusterOf(call))),
    route('clusters.update', 'PUT', '/(?<cluster>[^/:]+)', 'update', (call) => {
      const desired = readBody(updateSchema, call).update.desiredClusterAutoscaling;
      const cluster = clusterOf(call);
      const now = z.looseObject({}).optional().parse(cluster.body['autoscaling']) ?? {};
      const autoscaling = clusterUpdates.keep ? { ...now, ...desired } : desired;
      requireProvisioning(desired, autoscaling);
      const operation = reconcile(cluster, 'UPDATE_CLUSTER');
      cluster.body['autoscaling'] = autoscaling;
      return operation;
    }),
    route('clusters.nodePools.get', 'GET', POOL, 'get', (call) => poolOf(call).pool),
    route('clusters.nodePools.setAutoscaling', 'POST', `${POOL}:setAutoscaling`, 'update', (call) => {
      const { autoscaling } = readBody(autoscalingSchema, call);
      return operate(call, 'UPDATE_CLUSTER', (pool) => {
        pool['autoscaling'] = autoscaling.enabled === true ? autoscaling : {};
      });
    }),
    route('clusters.nodePools.setSize', 'POST', `${POOL}:setSize`, 'update', (call) => {
      const { nodeCount } = readBody(sizeSchema, call);
      if (nodeCount > 0) requireBilling(projectOf(call), 'container');
      return operate(call, 'SET_NODE_POOL_SIZE', (pool) => {
        for (const url of pool.instanceGroupUrls)
          groups.resize(
            groups.get(projectOf(call), /(?:zones|regions)\/.*$/.exec(url)?.[0] ?? ''),
            nodeCount,
          );
      });
    }),
  ];
}

type Desired = z.infer<typeof updateSchema>['update']['desiredClusterAutoscaling'];

/**
 * The first refusal is Google's (terraform-provider-google issue 24232); the other one is gcloud's, before it sends anything
 * (`ValidateClusterAutoscaling` of 528), and taken for Google's as well.
 */
function requireProvisioning(desired: Desired, autoscaling: Readonly<Record<string, unknown>>): void {
  const limits =
    updateSchema.shape.update.shape.desiredClusterAutoscaling.parse(autoscaling).resourceLimits ?? [];
  const lacks = ['cpu', 'memory'].filter((type) => limits.every(({ resourceType }) => resourceType !== type));
  if (desired.enableNodeAutoprovisioning && lacks.length > 0)
    throw new ApiError(
      'INVALID_ARGUMENT',
      `Resource limits for ${lacks.join(', ')} must be specified when enabling node autoprovisioning.`,
    );
  const asks =
    (desired.resourceLimits ?? []).length > 0 ||
    Object.keys(desired.autoprovisioningNodePoolDefaults ?? {}).length > 0;
  if (!desired.enableNodeAutoprovisioning && asks)
    throw new ApiError(
      'INVALID_ARGUMENT',
      'Must enable node autoprovisioning to specify its limits and defaults.',
    );
}
