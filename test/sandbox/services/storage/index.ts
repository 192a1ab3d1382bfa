import type { Service } from '../../service.ts';
import { iam } from '../iam/index.ts';
import { resourceManager } from '../resource-manager/index.ts';
import { createStorageService, type StorageService } from './service.ts';

export const storage: Service<{ readonly storage: StorageService }> = {
  name: 'storage',
  create(context) {
    const { clock, hierarchy, of, scenario } = context;
    const made = createStorageService({
      clock,
      projectNumberOf: (projectId) => of(resourceManager).projects.get(projectId).seed.number,
      allows: (principal, need) => context.iam.allows(principal, need),
      policySet(resource, bindings) {
        of(iam).policies.apply(resource, bindings);
      },
      ...(scenario.storage === undefined ? {} : { seed: scenario.storage }),
    });
    hierarchy.add((resource) => made.parentOf(resource));
    return { storage: made };
  },
  routes: (acts) => acts.storage.routes,
};
