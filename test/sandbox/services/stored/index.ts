import type { Service } from '../../service.ts';
import { createStore, type Store } from './store.ts';

/** Resources that are kept as their API shows them; the services that they belong to serve them. */
export const stored: Service<{ readonly store: Store }> = {
  name: 'stored',
  create: ({ scenario }) => ({ store: createStore(scenario.projects) }),
  routes: () => [],
};
