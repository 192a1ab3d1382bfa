import type { Route } from '../../http/route.ts';
import type { Context } from '../../service.ts';
import { billing } from '../billing/index.ts';
import { resourceManager } from '../resource-manager/index.ts';
import { vertex } from '../vertex/index.ts';
import type { Collection } from './collection.ts';
import { stored } from './index.ts';
import { storedRoutes, type StoredServiceOptions } from './routes.ts';

/** What routes of stored resources need of the sandbox. */
export function storedOptions({ clock, of }: Context): StoredServiceOptions {
  return {
    clock,
    store: of(stored).store,
    projects: of(resourceManager).projects,
    requireBilling: of(billing).requireBilling,
    vertexRegions: of(vertex).regions,
  };
}

/** The routes of a service's collections. */
export function storedRoutesOf(context: Context, collections: readonly Collection[]): readonly Route[] {
  return storedRoutes(storedOptions(context), collections);
}
