import type { Service } from '../../service.ts';
import { billing } from '../billing/index.ts';
import { compute } from '../compute/index.ts';
import { resourceManager } from '../resource-manager/index.ts';
import { notebooksService } from './routes.ts';
import { runtimeRoutes } from './runtimes.ts';

/** Its instances are machines of the fleet: see compute. */
export const notebooks: Service = {
  name: 'notebooks',
  create: () => ({}),
  routes(_acts, { of, scenario, startMs }) {
    const { projects } = of(resourceManager);
    const { requireBilling } = of(billing);
    return [
      ...notebooksService({ fleet: of(compute).fleet, projects, requireBilling }),
      ...runtimeRoutes({ scenario, projects, startMs }),
    ];
  },
};
