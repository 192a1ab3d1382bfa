import { ApiError } from '../../http/api-error.ts';
import type { ProjectSeed } from '../../scenario.ts';
import type { StoredSeed } from './seed.ts';

/** A resource as the API shows it, without its name. */
export interface Stored {
  readonly projectId: string;
  readonly service: StoredSeed['service'];
  /** `locations/us-central1-a/nodes/v5e` */
  readonly path: string;
  /** Fields as the API shows them; changed by its methods. */
  readonly body: Record<string, unknown>;
  /** There is no capacity to start it. */
  readonly stockout?: boolean;
}

/** A long-running operation of a verb, as google.longrunning.Operation. */
export interface StoredOperation {
  readonly name: string;
  /** What looking at it takes. */
  readonly permission: string;
  readonly done: boolean;
  readonly error?: { readonly code: number; readonly message: string };
}

/** The resources of a scenario that have no model of their own. */
export interface Store {
  /** Those below `parent` in a collection; a segment `-` of `parent` stands for any. */
  list(projectId: string, service: Stored['service'], parent: string, collection: string): readonly Stored[];
  /** Throws NOT_FOUND. */
  get(projectId: string, service: Stored['service'], path: string): Stored;
  add(resource: Stored): void;
  /** By their full names. */
  readonly operations: Map<string, StoredOperation>;
  /** The different values of the location segment, for a service's list of locations. */
  locations(projectId: string, service: Stored['service']): readonly string[];
}

export function createStore(projects: readonly ProjectSeed[]): Store {
  const all: Stored[] = projects.flatMap(({ id, resources }) =>
    resources.map(({ service, path, body, stockout }) => ({
      projectId: id,
      service,
      path,
      body: structuredClone(body),
      stockout,
    })),
  );
  const of = (projectId: string, service: Stored['service']): readonly Stored[] =>
    all.filter((one) => one.projectId === projectId && one.service === service);
  return {
    operations: new Map(),
    list(projectId, service, parent, collection) {
      const segments = `${parent === '' ? '' : `${parent}/`}${collection}`.split('/');
      return of(projectId, service).filter(({ path }) => {
        const own = path.split('/');
        return (
          own.length === segments.length + 1 &&
          segments.every((segment, index) => segment === '-' || segment === own[index])
        );
      });
    },
    get(projectId, service, path) {
      const found = of(projectId, service).find((one) => one.path === path);
      if (found === undefined)
        throw new ApiError('NOT_FOUND', `Resource 'projects/${projectId}/${path}' was not found.`);
      return found;
    },
    add: (resource) => void all.push(resource),
    locations: (projectId, service) => [
      ...new Set(of(projectId, service).map(({ path }) => path.split('/')[1] ?? '')),
    ],
  };
}
