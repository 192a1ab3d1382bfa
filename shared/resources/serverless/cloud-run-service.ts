import type { StringMap } from '../../google/string-map.ts';
import { unpriced } from '../../prices/price.ts';
import { namedKind, type Listed } from '../define-kind.ts';
import type { Look } from '../look.ts';
import { listNamespaced, placeAndGpu, type Workload } from './namespaced.ts';

/** Cloud Run services that bill without requests: with minimum instances, or with GPUs. Named in this release. */
export const CLOUD_RUN_SERVICES = namedKind({
  kind: 'cloud-run-service',
  title: 'Cloud Run services with GPUs or minimum instances',
  area: 'Cloud Run services',
  permissions: ['run.services.list'],
  async list(look) {
    const services = await listNamespaced(look, {
      group: 'serving.knative.dev',
      collection: 'services',
      title: 'Cloud Run services',
    });
    return services.flatMap((service) => listed(look, service));
  },
});

function listed({ projectId }: Look, service: Workload): Listed[] {
  const { name = '', labels = {}, annotations = {} } = service.metadata;
  const { region, gpu } = placeAndGpu(service);
  const { instances, isManual } = keptInstances(
    annotations,
    service.spec?.template?.metadata?.annotations ?? {},
  );
  if (gpu === undefined && instances === 0) return [];
  const what = [
    ...(instances > 0 ? [`${isManual ? '' : 'at least '}${instances} instances`] : []),
    ...(gpu === undefined ? [] : [`${gpu} GPUs`]),
  ];
  return [
    {
      resource: `projects/${projectId}/locations/${region}/services/${name}`,
      state: stateOf(instances, isManual),
      labels,
      description: `Cloud Run service with ${what.join(', ')}`,
      cost: unpriced('no price for instances of Cloud Run'),
      // How many instances there are by its requests the service does not tell.
      ...(instances === 0 ? { mayBeIdle: true } : {}),
      fate: { kind: 'named', why: 'it serves requests: without instances the next one waits or fails' },
      command: `gcloud ${isManual ? 'beta ' : ''}run services update ${name} ${isManual ? '--scaling=auto ' : ''}--min=0 --min-instances=0 --region=${region} --project=${projectId}`,
    },
  ];
}

function stateOf(instances: number, isManual: boolean): string {
  if (instances === 0) return 'on requests';
  return isManual ? 'manual' : 'min-instances';
}

/**
 * How many instances are kept without requests: as many as an operator set where scaling is manual, else the minimum of the service or
 * of its revision, whichever is more. Source: gcloud 528, api_lib/run/service.py.
 */
function keptInstances(
  service: StringMap,
  revision: StringMap,
): { readonly instances: number; readonly isManual: boolean } {
  const isManual = service['run.googleapis.com/scalingMode'] === 'manual';
  const counts = isManual
    ? [service['run.googleapis.com/manualInstanceCount']]
    : [service['run.googleapis.com/minScale'], revision['autoscaling.knative.dev/minScale']];
  return { instances: Math.max(0, ...counts.map((text) => Number(text ?? 0) || 0)), isManual };
}
