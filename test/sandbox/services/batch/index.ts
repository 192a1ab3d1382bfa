import type { Service } from '../../service.ts';
import { storedOptions } from '../stored/context.ts';
import { locationRoutes, storedRoutes } from '../stored/routes.ts';
import { BATCH_JOBS } from './collection.ts';

export const batch: Service = {
  name: 'batch',
  create: () => ({}),
  routes(_acts, context) {
    const options = storedOptions(context);
    return [
      ...storedRoutes(options, [BATCH_JOBS]),
      ...locationRoutes(options, [{ service: 'batch', version: 'v1' }]),
    ];
  },
};
