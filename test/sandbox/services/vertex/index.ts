import { momentMs } from '../../clock/moment.ts';
import type { Service } from '../../service.ts';
import { billing } from '../billing/index.ts';
import { iam } from '../iam/index.ts';
import { resourceManager } from '../resource-manager/index.ts';
import { storedRoutesOf } from '../stored/context.ts';
import { stored } from '../stored/index.ts';
import type { Stored } from '../stored/store.ts';
import { vertexCollections } from './collections.ts';
import { linkPipelines } from './pipelines.ts';
import { vertexRegions, vertexService } from './service.ts';
import { createVertex, type Vertex } from './state.ts';

export const vertex: Service<{
  readonly vertex: Vertex;
  /** Regions with a host of their own. */
  readonly regions: readonly string[];
  readonly cancelTasks: (pipeline: Stored) => void;
}> = {
  name: 'vertex',
  create({ clock, of, scenario, startMs }) {
    const { projects } = scenario;
    const { accounts } = of(iam);
    const { store } = of(stored);
    // What a model runs as exists.
    for (const { endpoints } of projects.map((project) => project.vertex))
      for (const { serviceAccount = '' } of endpoints.flatMap(({ deployedModels }) => deployedModels))
        if (serviceAccount !== '') accounts.ensure(serviceAccount);
    const made = createVertex({ clock, projects, timeOf: (text) => momentMs(text, startMs) });
    const regions = vertexRegions(made, [
      ...scenario.vertexRegions,
      ...projects.flatMap(({ id }) => store.locations(id, 'aiplatform')),
    ]);
    return { vertex: made, regions, ...linkPipelines({ vertex: made, store, projects }) };
  },
  routes: ({ regions, cancelTasks, ...acts }, context) => [
    ...vertexService({
      vertex: acts.vertex,
      projects: context.of(resourceManager).projects,
      iam: context.iam,
      regions,
      requireBilling: context.of(billing).requireBilling,
      storedOperations: context.of(stored).store.operations,
    }),
    ...storedRoutesOf(context, vertexCollections({ cancelTasks })),
  ],
};
