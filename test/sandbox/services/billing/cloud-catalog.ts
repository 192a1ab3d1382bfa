import { createRequire } from 'node:module';
import { pageOfRequest } from '../../http/paging.ts';
import { protoRoutes, textOf, type Message } from '../../http/proto-service.ts';
import type { Route } from '../../http/route.ts';

const protos = createRequire(import.meta.url)('@google-cloud/billing/build/protos/protos.json') as object;

/** What the Cloud Billing Catalog API shows; tests fill it with SKUs of the real shape, whose names say their service. */
export interface CloudCatalog {
  skus: readonly Message[];
  readonly routes: readonly Route[];
}

/** Google allows 5,000 a page; so few make a listing of some SKUs one of several pages. */
const MAX_PAGE_SIZE = 20;

/** The Cloud Billing Catalog API: public prices, for which no permission is needed. */
export function createCloudCatalog(): CloudCatalog {
  const catalog = { skus: [] as readonly Message[] };
  const routes = protoRoutes({
    host: 'cloudbilling.googleapis.com',
    protos,
    service: 'google.cloud.billing.v1.CloudCatalog',
    methods: {
      ListSkus: {
        id: 'cloudbilling.services.skus.list',
        needs: () => [],
        handle(request) {
          const service = `${textOf(request['parent'])}/skus/`;
          const skus = catalog.skus.filter(({ name }) => textOf(name).startsWith(service));
          const { items, nextPageToken = '' } = pageOfRequest(skus, request, MAX_PAGE_SIZE);
          return { skus: items, nextPageToken };
        },
      },
    },
  });
  return Object.assign(catalog, { routes });
}
