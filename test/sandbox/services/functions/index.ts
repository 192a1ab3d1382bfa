import { join } from 'node:path';
import { createEnvironments, PRELOAD, type Environments } from '../../hosting/environments.ts';
import type { Context, Service } from '../../service.ts';
import { iam } from '../iam/index.ts';
import { pubsub } from '../pubsub/index.ts';
import { resourceManager } from '../resource-manager/index.ts';
import { eventarcRoutes } from './eventarc-routes.ts';
import { createFrontEnd, type FrontEnd } from './front-end.ts';
import { serviceName } from './model.ts';
import { functionRoutes } from './routes.ts';
import { runRoutes } from './run-routes.ts';
import { seedServices, type Seeded } from './seeded.ts';
import { createFunctions, type Functions } from './state.ts';

/** Cloud Run functions, with what they are made of: Cloud Run and Eventarc. */
export const functions: Service<{
  readonly functions: Functions;
  /** What others deployed, as the scenario says. */
  readonly seeded: readonly Seeded[];
  readonly frontEnd: FrontEnd;
  readonly environments: Environments;
}> = {
  name: 'functions',
  create(context) {
    const { caFile, clock, clockFile, folder, of, port, scenario, startMs, tokens } = context;
    const { projects } = of(resourceManager);
    const environments = createEnvironments({
      tokens,
      projectOf: (projectId) => projects.get(projectId).seed,
      caFile,
      clockFile,
      port,
    });
    const made = createFunctions({
      clock,
      folder: join(folder, 'functions'),
      projects,
      pubsub: of(pubsub).pubsub,
      iam: context.iam,
      policies: of(iam).policies,
      preload: PRELOAD,
      environmentOf: (account, projectId) => environments.of(account, projectId),
    });
    return {
      functions: made,
      seeded: seedServices(scenario.projects, startMs),
      frontEnd: frontEndOf(made, context),
      environments,
    };
  },
  routes({ seeded, ...acts }, { iam: bindings, of }) {
    const { projects } = of(resourceManager);
    const { accounts, policies } = of(iam);
    const common = { functions: acts.functions, projects };
    return [
      ...functionRoutes({ ...common, seeded, accounts, iam: bindings, policies }),
      ...runRoutes({ ...common, seeded, iam: bindings, policies }),
      ...eventarcRoutes(common),
    ];
  },
  async close(acts) {
    await acts.functions.close();
    await acts.environments.close();
  },
};

function frontEndOf(deployedFunctions: Functions, { iam: bindings, tokens }: Context): FrontEnd {
  return createFrontEnd({
    serviceOf(host, target) {
      const deployed = deployedFunctions.atHost(host, target);
      if (deployed?.service === undefined) return undefined;
      return {
        name: serviceName(deployed),
        url: deployed.service.url,
        internalOnly: deployed.config.serviceConfig.ingressSettings !== 'ALLOW_ALL',
      };
    },
    iam: bindings,
    accountOf: (token) => tokens.identityOf(token),
  });
}
