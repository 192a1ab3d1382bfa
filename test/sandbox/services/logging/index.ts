import type { Service } from '../../service.ts';
import { functions } from '../functions/index.ts';
import { resourceManager } from '../resource-manager/index.ts';
import { vertex } from '../vertex/index.ts';
import { loggingRoutes } from './routes.ts';

export const logging: Service = {
  name: 'logging',
  create: () => ({}),
  routes: (_acts, { of }) =>
    loggingRoutes({
      functions: of(functions).functions,
      projects: of(resourceManager).projects,
      vertex: of(vertex).vertex,
    }),
};
