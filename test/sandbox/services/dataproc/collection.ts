import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Collection } from '../stored/collection.ts';
import type { Stored } from '../stored/store.ts';
import { getField, transition } from '../stored/verbs.ts';

const body = z.strictObject({ clusterUuid: z.string().optional() });

/** "The RPC will fail (with error NOT_FOUND) if a cluster with the specified UUID does not exist": clusters.proto. */
function requireUuid(cluster: Stored, { clusterUuid }: z.infer<typeof body>): void {
  if (clusterUuid !== undefined && clusterUuid !== cluster.body['clusterUuid'])
    throw new ApiError('NOT_FOUND', `Not found: Cluster ${cluster.path} with UUID ${clusterUuid}`);
}

/** Clusters of Dataproc v1, region by region: it has no list over all regions. */
export const DATAPROC_CLUSTERS: Collection = {
  service: 'dataproc',
  id: 'dataproc.projects.regions.clusters',
  version: 'v1',
  path: 'regions/clusters',
  permission: 'dataproc.clusters',
  named: 'never',
  wildcard: false,
  show: ({ projectId, path }) => ({ projectId, clusterName: path.split('/').at(-1) }),
  verbs: [
    transition({
      name: 'stop',
      permission: 'dataproc.clusters.stop',
      field: 'status.state',
      from: ['RUNNING', 'ERROR'],
      via: 'STOPPING',
      to: 'STOPPED',
      body,
      require(cluster, request) {
        requireUuid(cluster, request);
        const disks = [
          'config.masterConfig.diskConfig.numLocalSsds',
          'config.workerConfig.diskConfig.numLocalSsds',
        ];
        if (disks.some((path) => Number(getField(cluster.body, path) ?? 0) > 0))
          throw new ApiError('FAILED_PRECONDITION', 'Clusters with local SSDs cannot be stopped.');
        if (Number(getField(cluster.body, 'config.secondaryWorkerConfig.numInstances') ?? 0) > 0)
          throw new ApiError('FAILED_PRECONDITION', 'Clusters with secondary workers cannot be stopped.');
      },
    }),
    transition({
      name: 'start',
      permission: 'dataproc.clusters.start',
      field: 'status.state',
      from: ['STOPPED'],
      via: 'STARTING',
      to: 'RUNNING',
      body,
      require: requireUuid,
      needsBilling: true,
    }),
  ],
};
