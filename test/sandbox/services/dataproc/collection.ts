import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Collection } from '../stored/collection.ts';
import { getField, transition } from '../stored/verbs.ts';

const body = z.strictObject({ clusterUuid: z.string().optional(), requestId: z.string().optional() });

/** Clusters of Dataproc v1, region by region: it has no list over all regions. */
export const DATAPROC_CLUSTERS: Collection = {
  service: 'dataproc',
  id: 'dataproc.projects.regions.clusters',
  version: 'v1',
  path: 'regions/clusters',
  permission: 'dataproc.clusters',
  query: ['filter'],
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
      require(cluster) {
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
      needsBilling: true,
    }),
  ],
};
