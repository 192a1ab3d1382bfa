import { ApiError } from '../../http/api-error.ts';
import type { Call, Route } from '../../http/route.ts';
import type { Projects } from '../resource-manager/projects.ts';
import type { Collection } from './collection.ts';
import type { Store, StoredOperation } from './store.ts';

/** An operation as it is answered: google.longrunning.Operation. */
export function showStoredOperation({ name, done, error }: StoredOperation): object {
  return { name, done, ...(error === undefined ? {} : { error }) };
}

/**
 * `operations.get` of the services whose resources have verbs. Vertex AI's are served with those of its endpoints, on hosts of their
 * own (../vertex/service.ts).
 */
export function operationRoutes(
  { store, projects }: { readonly store: Store; readonly projects: Projects },
  collections: readonly Collection[],
): Route[] {
  const withVerbs = collections.filter(
    ({ verbs = [], service }) => verbs.length > 0 && service !== 'aiplatform',
  );
  const places = new Map(
    withVerbs.map(({ service, version, path }) => [service, { version, place: path.split('/')[0] ?? '' }]),
  );
  return [...places].map(([service, { version, place }]) => {
    const projectOf = (call: Call): string => projects.require(call.params['project'] ?? '', service);
    return {
      id: `${service}.projects.${place}.operations.get`,
      host: `${service}.googleapis.com`,
      method: 'GET',
      path: new RegExp(
        `^/${version}/projects/(?<project>[^/]+)/(?<place>${place}/[^/]+)/operations/(?<operation>[^/:]+)$`,
      ),
      query: [],
      needs: (call) => [{ permission: `${service}.operations.get`, on: `projects/${projectOf(call)}` }],
      handle(call) {
        const name = `projects/${projectOf(call)}/${call.params['place'] ?? ''}/operations/${call.params['operation'] ?? ''}`;
        const found = store.operations.get(name);
        if (found === undefined) throw new ApiError('NOT_FOUND', `The operation "${name}" was not found.`);
        return { body: showStoredOperation(found) };
      },
    };
  });
}
