import * as z from 'zod/mini';
import { BY_CONTINUE, listPages } from '../../google/list-pages.ts';
import { requireListed } from '../../google/parse-answer.ts';
import { noteStrange, readItems } from '../../google/read-items.ts';
import { stringMap, type StringMap } from '../../google/string-map.ts';
import { unpriced } from '../../prices/price.ts';
import { namedKind, type Listed } from '../define-kind.ts';
import { unreachable, type Look } from '../look.ts';

const metadata = z.looseObject({
  name: z.optional(z.string()),
  /** The project's number, or its id. */
  namespace: z.optional(z.string()),
  labels: z.optional(stringMap),
  annotations: z.optional(stringMap),
});
/** Source: Cloud Run Admin API v1, resource Service; the API v2 lists region by region only. */
const serviceSchema = z.looseObject({
  metadata,
  spec: z.optional(
    z.looseObject({
      template: z.optional(
        z.looseObject({
          metadata: z.optional(metadata),
          spec: z.optional(z.looseObject({ nodeSelector: z.optional(stringMap) })),
        }),
      ),
    }),
  ),
});
type Service = z.infer<typeof serviceSchema>;

const pageSchema = z.looseObject({
  items: z.optional(z.unknown()),
  unreachable: z.optional(z.array(z.string())),
});

/** Cloud Run services that bill without requests: with minimum instances, or with GPUs. Named in this release. */
export const CLOUD_RUN_SERVICES = namedKind({
  kind: 'cloud-run-service',
  title: 'Cloud Run services with GPUs or minimum instances',
  area: 'Cloud Run services',
  permissions: ['run.services.list'],
  async list(look) {
    const found: Listed[] = [];
    const call = 'run.services.list';
    const url = `https://run.googleapis.com/apis/serving.knative.dev/v1/namespaces/${look.projectId}/services`;
    const request = { url, query: { limit: 100 } };
    for await (const page of listPages(look.api, call, request, pageSchema, BY_CONTINUE)) {
      const { items, strange } = readItems(page.items, serviceSchema, 'items');
      for (const { metadata: { namespace = look.projectId } } of items)
        requireListed(call, look.ofProject, `projects/${namespace}`, `projects/${look.projectId}`);
      noteStrange(look.gap, `projects/${look.projectId} Cloud Run services`, strange);
      for (const region of page.unreachable ?? [])
        look.gap(unreachable(`projects/${look.projectId} ${region}`, 'Cloud Run services'));
      found.push(...items.flatMap((service) => listed(look, service)));
    }
    return found;
  },
}); // prettier-ignore

function listed({ projectId }: Look, service: Service): Listed[] {
  const { name = '', labels = {}, annotations = {} } = service.metadata;
  const template = service.spec?.template;
  const gpu = template?.spec?.nodeSelector?.['run.googleapis.com/accelerator'];
  const { instances, isManual } = keptInstances(annotations, template?.metadata?.annotations ?? {});
  if (gpu === undefined && instances === 0) return [];
  const region = labels['cloud.googleapis.com/location'] ?? '';
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
