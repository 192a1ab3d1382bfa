import type { Service } from '../../service.ts';
import { compute } from '../compute/index.ts';
import { storedOptions } from '../stored/context.ts';
import { containerRoutes } from './routes.ts';

export const container: Service = {
  name: 'container',
  create: () => ({}),
  routes: (_acts, context) =>
    containerRoutes({ ...storedOptions(context), groups: context.of(compute).groups }),
};
