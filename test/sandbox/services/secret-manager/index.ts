import type { Service } from '../../service.ts';
import { secretRoutes } from './routes.ts';

export const secretManager: Service = {
  name: 'secret-manager',
  create: () => ({}),
  routes: (_acts, { iam, scenario }) => secretRoutes({ projects: scenario.projects, iam }),
};
