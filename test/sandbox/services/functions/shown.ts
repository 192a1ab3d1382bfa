import { serviceName } from './model.ts';
import { sharedUrlOf, urlOf, type DeployedFunction, type Functions } from './state.ts';

/** The function as the Cloud Functions API shows it. */
export function shownFunction(functions: Functions, deployed: DeployedFunction): object {
  const { config, projectId, location } = deployed;
  const { buildConfig, serviceConfig, eventTrigger } = config;
  const accounts = functions.accountsOf(projectId, config);
  return {
    name: deployed.name,
    environment: 'GEN_2',
    state: deployed.state,
    ...(deployed.problem === undefined
      ? {}
      : {
          stateMessages: [{ severity: 'ERROR', type: 'CloudRunServiceNotFound', message: deployed.problem }],
        }),
    createTime: new Date(deployed.createdMs).toISOString(),
    updateTime: new Date(deployed.updatedMs).toISOString(),
    url: sharedUrlOf(deployed),
    ...(config.description === undefined ? {} : { description: config.description }),
    ...(Object.keys(config.labels).length === 0 ? {} : { labels: config.labels }),
    buildConfig: {
      ...buildConfig,
      serviceAccount: `projects/${projectId}/serviceAccounts/${accounts.build}`,
      automaticUpdatePolicy: {},
      dockerRegistry: 'ARTIFACT_REGISTRY',
      dockerRepository: `projects/${projectId}/locations/${location}/repositories/gcf-artifacts`,
    },
    serviceConfig: {
      ...serviceConfig,
      service: serviceName(deployed),
      serviceAccountEmail: accounts.runtime,
      uri: urlOf(deployed),
      revision: revisionOf(deployed),
    },
    ...(eventTrigger === undefined
      ? {}
      : {
          eventTrigger: {
            ...eventTrigger,
            triggerRegion: eventTrigger.triggerRegion ?? location,
            serviceAccountEmail: accounts.trigger,
            ...(deployed.trigger === undefined ? {} : { trigger: deployed.trigger.name }),
          },
        }),
  };
}

export function revisionOf({ id, revision }: DeployedFunction): string {
  return `${id}-${String(revision).padStart(5, '0')}-box`;
}
