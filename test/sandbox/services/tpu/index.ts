import type { Service } from '../../service.ts';
import { storedOptions } from '../stored/context.ts';
import { locationRoutes, storedRoutes } from '../stored/routes.ts';
import { TPU_COLLECTIONS } from './collections.ts';

export const tpu: Service = {
  name: 'tpu',
  create: () => ({}),
  routes(_acts, context) {
    const options = storedOptions(context);
    return [
      ...storedRoutes(options, TPU_COLLECTIONS),
      ...locationRoutes(options, [{ service: 'tpu', version: 'v2' }]),
    ];
  },
};
