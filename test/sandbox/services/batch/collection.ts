import type { Collection } from '../stored/collection.ts';

/** Jobs of Batch v1. */
export const BATCH_JOBS: Collection = {
  service: 'batch',
  id: 'batch.projects.locations.jobs',
  version: 'v1',
  path: 'locations/jobs',
  permission: 'batch.jobs',
  named: 'id',
  unreachable: 'unreachable',
  wildcard: true,
};
