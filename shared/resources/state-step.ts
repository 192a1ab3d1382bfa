import type { Api } from '../google/api.ts';
import type { KindRequest, Present, Standing, Step } from './kind.ts';

/** States of a resource that is started and stopped as a whole, as the API spells them. */
export interface States {
  /** It runs: what starting it leads to. */
  readonly running: ReadonlySet<string>;
  readonly stopped: ReadonlySet<string>;
  /** On its way to `stopped`: nothing is left to do to stop it. */
  readonly stopping: ReadonlySet<string>;
  /** On its way up; a stop is refused until it runs. */
  readonly starting: ReadonlySet<string>;
  /** What a start that failed leads to, where that is no stopped state. */
  readonly broken?: ReadonlySet<string>;
}

/** Whether a resource bills for its machines or soon will; a state that is not known yet does. */
export function isRunning(
  state: string,
  { stopped, stopping }: Pick<States, 'stopped' | 'stopping'>,
): boolean {
  return !stopped.has(state) && !stopping.has(state);
}

/** Whether it is still to be stopped. */
export function judgeStop(state: string, states: States, request: KindRequest): Standing {
  if (states.stopped.has(state) || states.stopping.has(state)) return { kind: 'done' };
  if (states.starting.has(state)) return { kind: 'in-transit', why: `it is ${state}` };
  return { kind: 'ready', request };
}

/**
 * Whether it is still to be started. Only a state in which it runs is success; one that tells nothing of that, as under repair,
 * and one that Google has added since, are waited for.
 */
export function judgeStart(state: string, states: States, request: KindRequest, detail = ''): Standing {
  if (states.running.has(state)) return { kind: 'done' };
  if (states.stopped.has(state)) return { kind: 'ready', request };
  if (states.broken?.has(state) === true)
    return { kind: 'failed', why: `it is ${state}: ${detail === '' ? 'no reason given' : detail}` };
  const isKnown = states.starting.has(state) || states.stopping.has(state);
  return { kind: 'in-transit', why: isKnown ? `it is ${state}` : unknownState(state) };
}

/** What is said of a state that tells neither that a resource runs nor that it is off. */
export function unknownState(state: string): string {
  return `whether it runs is not known: ${state === '' ? 'Google gives no state' : `it is ${state}`}`;
}

/** A step of a resource that shows its state and labels. */
export function stateStep(
  name: 'stop' | 'start',
  read: (api: Api) => Promise<Omit<Present, 'standing'> & { readonly detail?: string | undefined }>,
  states: States,
  request: KindRequest,
): Step {
  return {
    name,
    async look(api) {
      const { detail, ...present } = await read(api);
      const { state } = present;
      const standing =
        name === 'stop' ? judgeStop(state, states, request) : judgeStart(state, states, request, detail);
      return { ...present, standing };
    },
  };
}
