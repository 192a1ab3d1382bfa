import type { Service } from '../../service.ts';
import { iam } from '../iam/index.ts';
import { resourceManagerIam } from './iam.ts';
import { createProjects, resourceManagerService, type Projects } from './projects.ts';

export const resourceManager: Service<{ readonly projects: Projects }> = {
  name: 'resource-manager',
  create({ scenario, hierarchy }) {
    const projects = createProjects(scenario);
    hierarchy.add((resource) => projects.parentOf(resource));
    return { projects };
  },
  routes: ({ projects }, context) => [
    ...resourceManagerService({ projects, scenario: context.scenario, iam: context.iam }),
    ...resourceManagerIam({
      projects,
      scenario: context.scenario,
      iam: context.iam,
      policies: context.of(iam).policies,
    }),
  ],
};
