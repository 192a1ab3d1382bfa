import type { Config } from './config.ts';

/**
 * The idle shutdown that Workbench itself offers, as an instance's metadata has it. It looks at kernels and terminals
 * only, not at CPU or GPU. Source: Google's pages "idle shutdown" and "manage metadata" of Workbench instances.
 */
export interface NativeIdleShutdown {
  /** `cannot-fire`: it is on, but what it depends on is not. `unknown`: the setting cannot be read. */
  readonly status: 'on' | 'off' | 'cannot-fire' | 'unknown';
  /** After how many idle minutes it stops the instance; undefined when it is off or unreadable. */
  readonly afterMinutes: number | undefined;
  readonly why: string;
}

export const TIMEOUT_KEY = 'idle-timeout-seconds';

const GUEST_ATTRIBUTES_KEY = 'enable-guest-attributes';

/** In force where the key is absent. */
export const DEFAULT_TIMEOUT_SECONDS = 10_800;

/** States of the agent in which it reports nothing, so that nothing can fire. */
const AGENT_DOWN: ReadonlySet<string> = new Set(['UNHEALTHY', 'AGENT_NOT_INSTALLED', 'AGENT_NOT_RUNNING']);

export function auditIdleShutdown(instance: {
  readonly state: string;
  readonly healthState: string;
  readonly metadata: Readonly<Record<string, string>>;
}): NativeIdleShutdown {
  const { metadata, state, healthState } = instance;
  const timeout = metadata[TIMEOUT_KEY];
  if (timeout === '')
    return { status: 'off', afterMinutes: undefined, why: `${TIMEOUT_KEY} is empty, which turns it off` };
  const seconds =
    timeout === undefined ? DEFAULT_TIMEOUT_SECONDS : /^\d{1,9}$/.test(timeout) ? Number(timeout) : undefined;
  if (seconds === undefined || seconds === 0)
    return {
      status: 'unknown',
      afterMinutes: undefined,
      why: `${TIMEOUT_KEY} is ${JSON.stringify(timeout)}, not a number of seconds`,
    };
  const afterMinutes = seconds / 60;
  const guestAttributes = metadata[GUEST_ATTRIBUTES_KEY];
  // The console writes TRUE, gcloud true; absent means true.
  if (guestAttributes !== undefined && guestAttributes.toLowerCase() !== 'true')
    return {
      status: 'cannot-fire',
      afterMinutes,
      why: `${GUEST_ATTRIBUTES_KEY} is ${JSON.stringify(guestAttributes)}, and it needs guest attributes`,
    };
  if (state === 'ACTIVE' && AGENT_DOWN.has(healthState))
    return {
      status: 'cannot-fire',
      afterMinutes,
      why: `the agent that would report idleness is ${healthState}`,
    };
  return {
    status: 'on',
    afterMinutes,
    why: timeout === undefined ? 'by default' : `${TIMEOUT_KEY} is ${timeout}`,
  };
}

/** Google's default of 180 minutes, or `idleAfter` where that is longer; 1,440 minutes is the most that it takes. */
export function repairSeconds(config: Config): number {
  return Math.min(Math.max(180, config.idleAfterMinutes), 1_440) * 60;
}
