import type { Api } from '../../google/api.ts';
import type { Permit } from '../../google/change/permit.ts';
import { BusyError, GoogleApiError } from '../../google/google-api-error.ts';
import { nothingBilled } from '../cost.ts';
import type { Listed } from '../define-kind.ts';
import type { KindRequest, Standing, Step } from '../kind.ts';
import { CONTAINER_HOST, getCluster, type ClusterFacts } from './node-pool-facts.ts';
import { CHANGING } from './node-pool-steps.ts';

/** A cluster's `autoscaling`, as the API shows it. Source: Kubernetes Engine API v1, ClusterAutoscaling. */
export type Provisioning = Readonly<Record<string, unknown>>;

/** What makes pools by itself: a pool that is emptied is replaced within minutes for as long as it is on. */
export function listProvisioning({
  resource,
  status = '',
  resourceLabels = {},
  autoscaling = {},
}: ClusterFacts & { readonly resource: string }): Listed {
  const [, project = '', , location = '', , name = ''] = resource.split('/');
  return {
    resource,
    state: status,
    description: 'node auto-provisioning of a GKE cluster',
    labels: resourceLabels,
    cost: nothingBilled('the pools that it makes bill', 'GKE pricing page'),
    mayBeIdle: true,
    fate: { kind: 'stoppable', record: { provisioning: { ...autoscaling } } },
    command: `gcloud container clusters update ${name} --no-enable-autoprovisioning --location=${location} --project=${project}`,
  };
}

/** Switches node auto-provisioning of a cluster off, or on as it was. The pools that it has made stay. */
export function provisioningStep(way: 'down' | 'back', resource: string, remembered: Provisioning): Step {
  return {
    name: way === 'down' ? 'provisioning-off' : 'provisioning',
    async look(api) {
      const cluster = await getCluster(api, resource);
      const { status = '', resourceLabels = {} } = cluster;
      return {
        state: status,
        labels: resourceLabels,
        standing: changing(status, way) ?? judge(way, cluster, resource, remembered),
      };
    },
  };
}

function changing(status: string, way: 'down' | 'back'): Standing | undefined {
  if (status === 'STOPPING')
    return way === 'down' ? { kind: 'done' } : { kind: 'refused', why: 'it is being deleted' };
  // A cluster refuses a change while another one goes on.
  return CHANGING.has(status) ? { kind: 'in-transit', why: `it is ${status}` } : undefined;
}

function judge(
  way: 'down' | 'back',
  { autoscaling = {} }: ClusterFacts,
  resource: string,
  remembered: Provisioning,
): Standing {
  if ((autoscaling.enableNodeAutoprovisioning === true) === (way === 'back')) {
    const isOther = way === 'back' && limitsOf(autoscaling) !== limitsOf(remembered);
    return isOther
      ? { kind: 'refused', why: 'its node auto-provisioning has other limits by now' }
      : { kind: 'done' };
  }
  const request = requestOf(resource, way === 'back' ? remembered : off(autoscaling));
  return { kind: 'ready', request: way === 'back' ? request : { ...request, send: sendLater(request) } };
}

/**
 * A cluster refuses a change also while one of its pools is changed, which its own status need not show: a later request may get through.
 * Nothing waits for these pools, for one that finds no machines may be changed for hours.
 */
function sendLater({ call, ...request }: KindRequest): NonNullable<KindRequest['send']> {
  return async (api: Api, permit: Permit) => {
    try {
      return await api.change(call, permit, request);
    } catch (error) {
      if (!(error instanceof GoogleApiError) || error.rpcCode !== 'FAILED_PRECONDITION') throw error;
      throw new BusyError(`Cannot switch node auto-provisioning off yet: ${error.message}`, { cause: error });
    }
  };
}

function limitsOf({ resourceLimits }: Provisioning): string {
  return Array.isArray(resourceLimits)
    ? resourceLimits
        .map((one) => JSON.stringify(one))
        .sort()
        .join()
    : '';
}

/**
 * Without its limits and its defaults for pools, as gcloud and Terraform send it: gcloud refuses these beside `false` (528,
 * `ValidateClusterAutoscaling`). Whether Google keeps what is left out is not documented: all of it is remembered, and sent with `true`.
 */
function off({ autoscalingProfile, defaultComputeClassConfig }: Provisioning): Provisioning {
  return {
    enableNodeAutoprovisioning: false,
    ...(autoscalingProfile === undefined ? {} : { autoscalingProfile }),
    ...(defaultComputeClassConfig === undefined ? {} : { defaultComputeClassConfig }),
  };
}

function requestOf(resource: string, autoscaling: Provisioning): KindRequest {
  return {
    call: 'container.clusters.update',
    method: 'PUT',
    url: `${CONTAINER_HOST}/${resource}`,
    body: { update: { desiredClusterAutoscaling: autoscaling } },
  };
}
