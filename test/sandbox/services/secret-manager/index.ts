import type { Service } from '../../service.ts';
import { resourceManager } from '../resource-manager/index.ts';
import { secretRoutes } from './routes.ts';

export const secretManager: Service = {
  name: 'secret-manager',
  create: () => ({}),
  routes: (_acts, { iam, of }) => secretRoutes({ projects: of(resourceManager).projects, iam }),
};
