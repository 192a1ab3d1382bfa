import type { Service } from '../../service.ts';
import { resourceManager } from '../resource-manager/index.ts';
import { serviceUsageService } from './routes.ts';

export const serviceUsage: Service = {
  name: 'service-usage',
  create: () => ({}),
  routes: (_acts, { of }) => serviceUsageService({ projects: of(resourceManager).projects }),
};
