import type { Service } from '../../service.ts';
import { oauth2Service } from './routes.ts';

export const oauth2: Service = {
  name: 'oauth2',
  create: () => ({}),
  routes: (_acts, { tokens }) => oauth2Service({ tokens }),
};
