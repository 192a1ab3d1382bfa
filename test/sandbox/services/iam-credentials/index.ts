import type { Service } from '../../service.ts';
import { resourceManager } from '../resource-manager/index.ts';
import { iamCredentialsService } from './routes.ts';

export const iamCredentials: Service = {
  name: 'iam-credentials',
  create: () => ({}),
  routes: (_acts, { clock, of, tokens }) =>
    iamCredentialsService({ clock, projects: of(resourceManager).projects, tokens }),
};
