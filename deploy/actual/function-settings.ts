import type { ActualFunction } from './actual.ts';

/** The same of a deployed function, from `gcloud functions list --v2 --format=json`. */
export function readSettings(fn: DeployedFunction): ActualFunction['settings'] {
  const { buildConfig = {}, serviceConfig = {}, eventTrigger } = fn;
  return {
    runtime: buildConfig.runtime ?? '',
    entryPoint: buildConfig.entryPoint ?? '',
    account: serviceConfig.serviceAccountEmail ?? '',
    memory: serviceConfig.availableMemory ?? '',
    timeout: `${serviceConfig.timeoutSeconds ?? 60}s`,
    maxInstances: String(serviceConfig.maxInstanceCount ?? 'not set'),
    concurrency: String(serviceConfig.maxInstanceRequestConcurrency ?? 1),
    ingress: serviceConfig.ingressSettings ?? 'ALLOW_ALL',
    ...(eventTrigger === undefined
      ? {}
      : {
          topic: eventTrigger.pubsubTopic ?? '',
          retry: eventTrigger.retryPolicy ?? 'RETRY_POLICY_DO_NOT_RETRY',
          triggerAccount: eventTrigger.serviceAccountEmail ?? '',
        }),
  };
}

/** The fields of a function (Functions API v2) that are looked at. */
export interface DeployedFunction {
  readonly buildConfig?:
    { readonly runtime?: string | undefined; readonly entryPoint?: string | undefined } | undefined;
  readonly serviceConfig?:
    | {
        readonly serviceAccountEmail?: string | undefined;
        readonly availableMemory?: string | undefined;
        readonly timeoutSeconds?: number | undefined;
        readonly maxInstanceCount?: number | undefined;
        readonly maxInstanceRequestConcurrency?: number | undefined;
        readonly ingressSettings?: string | undefined;
      }
    | undefined;
  readonly eventTrigger?:
    | {
        readonly pubsubTopic?: string | undefined;
        readonly retryPolicy?: string | undefined;
        readonly serviceAccountEmail?: string | undefined;
      }
    | undefined;
}
