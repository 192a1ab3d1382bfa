import { projectSeries } from '../../metrics/project-series.ts';
import type { Service } from '../../service.ts';
import { resourceManager } from '../resource-manager/index.ts';
import { alertingRoutes } from './alerting.ts';
import { dashboardRoutes } from './dashboards.ts';
import { createMonitoringService, type MonitoringService } from './service.ts';

export const monitoring: Service<{ readonly monitoring: MonitoringService }> = {
  name: 'monitoring',
  create(context) {
    const { projects } = context.of(resourceManager);
    return {
      monitoring: createMonitoringService({
        clock: context.clock,
        seriesOf: projectSeries(context),
        executionErrors(projectId, metricType) {
          const message = projects.get(projectId).seed.metricErrors[metricType];
          return message === undefined ? [] : [{ code: 14, message }];
        },
        unreachable: (projectId) =>
          projects.all.find(({ id }) => id === projectId)?.unreachableForMonitoring ?? [],
      }),
    };
  },
  routes: (acts) => [...acts.monitoring.routes, ...alertingRoutes(), ...dashboardRoutes()],
};
