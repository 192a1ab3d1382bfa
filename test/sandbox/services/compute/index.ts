import { momentMs } from '../../clock/moment.ts';
import type { Service } from '../../service.ts';
import { billing } from '../billing/index.ts';
import { resourceManager } from '../resource-manager/index.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { groupRoutes } from './group-routes.ts';
import { createGroups, type Groups } from './groups.ts';
import { projectRoutes } from './project-routes.ts';
import { computeService } from './routes.ts';

export const compute: Service<{
  /** Virtual machines, and the notebooks that run on them. */
  readonly fleet: Fleet;
  readonly groups: Groups;
}> = {
  name: 'compute',
  create({ clock, scenario: { projects }, startMs }) {
    const fleet = createFleet({ clock, projects, timeOf: (text) => momentMs(text, startMs) });
    return { fleet, groups: createGroups({ clock, fleet, projects }) };
  },
  routes({ fleet, groups }, { of }) {
    const { projects } = of(resourceManager);
    return [
      ...computeService({ fleet, projects, requireBilling: of(billing).requireBilling }),
      ...groupRoutes({ groups, projects }),
      ...projectRoutes({ projects }),
    ];
  },
};
