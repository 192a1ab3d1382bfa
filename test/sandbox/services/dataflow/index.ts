import type { Service } from '../../service.ts';
import { storedOptions } from '../stored/context.ts';
import { dataflowRoutes } from './routes.ts';

export const dataflow: Service = {
  name: 'dataflow',
  create: () => ({}),
  routes: (_acts, context) => dataflowRoutes(storedOptions(context)),
};
