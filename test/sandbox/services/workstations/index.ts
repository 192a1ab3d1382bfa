import type { Service } from '../../service.ts';
import { storedRoutesOf } from '../stored/context.ts';
import { WORKSTATION_COLLECTIONS } from './collections.ts';

export const workstations: Service = {
  name: 'workstations',
  create: () => ({}),
  routes: (_acts, context) => storedRoutesOf(context, WORKSTATION_COLLECTIONS),
};
