import type { Api } from '../google/api.ts';
import type { StateChange } from '../google/change/change-state.ts';
import type { Present, Step } from './kind.ts';

/**
 * A step as the one way to change something at Google takes it: looked at, requested once under a permit, and looked at until
 * it shows. `blocker` says what speaks against it beside the step itself, such as a keep label.
 */
export function stepChange(
  api: Api,
  resource: string,
  step: Step,
  blocker: (present: Present) => string | undefined,
): StateChange<Present> {
  return {
    resource,
    look: () => step.look(api),
    isThere: ({ standing }) => standing.kind === 'done',
    isInTransit: ({ standing }) => standing.kind === 'in-transit',
    blocker: (present) => {
      const { standing } = present;
      return standing.kind === 'refused' || standing.kind === 'failed' ? standing.why : blocker(present);
    },
    async request(permit, { standing }) {
      if (standing.kind !== 'ready')
        throw new Error(`Cannot request ${step.name} of "${resource}": it is ${standing.kind}`);
      const { call, send, ...request } = standing.request;
      return send === undefined ? api.change(call, permit, request) : send(api, permit);
    },
  };
}
