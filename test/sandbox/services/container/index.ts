import type { Service } from '../../service.ts';
import { compute } from '../compute/index.ts';
import { storedOptions } from '../stored/context.ts';
import { containerRoutes } from './routes.ts';

export const container: Service<{
  /** What an update of a cluster's autoscaling leaves out: is it kept? Google documents neither. */
  readonly clusterUpdates: { keep: boolean };
}> = {
  name: 'container',
  create: () => ({ clusterUpdates: { keep: true } }),
  routes: ({ clusterUpdates }, context) =>
    containerRoutes({ ...storedOptions(context), groups: context.of(compute).groups, clusterUpdates }),
};
