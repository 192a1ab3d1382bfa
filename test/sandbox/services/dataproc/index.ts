import type { Service } from '../../service.ts';
import { storedRoutesOf } from '../stored/context.ts';
import { DATAPROC_CLUSTERS } from './collection.ts';

export const dataproc: Service = {
  name: 'dataproc',
  create: () => ({}),
  routes: (_acts, context) => storedRoutesOf(context, [DATAPROC_CLUSTERS]),
};
