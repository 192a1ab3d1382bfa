import { type Api, type ApiOptions, createApi, renewToken } from '../google/api.ts';
import type { Runtime } from './runtime.ts';

/** An `Api` with a runtime's clock and pauses. No call starts later than `timeoutMs` from now. */
export function createRuntimeApi(
  runtime: Runtime,
  timeoutMs: number,
  auth: ApiOptions['auth'] = runtime.auth,
): Api {
  return createApi({
    auth,
    renewToken: () => renewToken(runtime.auth),
    nowMs: () => runtime.now().getTime(),
    deadlineMs: runtime.now().getTime() + timeoutMs,
    sleep: (milliseconds) => runtime.sleep(milliseconds),
    turn: () => runtime.turn(),
    random: () => runtime.random(),
    attemptTimeoutMs: runtime.attemptTimeoutMs,
  });
}
