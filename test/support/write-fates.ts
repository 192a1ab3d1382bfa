/** What becomes of one request, for tests of every write: whether it was carried out, and what its sender sees. */
export const FATES = {
  'garbage after the effect': { carriedOut: true, seen: 'garbage' },
  'garbage without an effect': { carriedOut: false, seen: 'garbage' },
  'a reset after the effect': { carriedOut: true, seen: 'reset' },
  'a reset without an effect': { carriedOut: false, seen: 'reset' },
  'an empty answer after the effect': { carriedOut: true, seen: 'empty' },
  'a refusal': { carriedOut: false, seen: 403 },
  'an outage': { carriedOut: false, seen: 503 },
  'an outage after the effect': { carriedOut: true, seen: 503 },
} as const;
export type Fate = (typeof FATES)[keyof typeof FATES];

export interface Disturbance {
  /** Has the next write whose method and URL match meet its fate; undefined disarms. */
  armed: { readonly write: RegExp; readonly fate: Fate } | undefined;
  /** The look after whose answer the instance is frozen, and the writes that it sent to the project afterwards. */
  freeze:
    | { readonly look: RegExp; readonly project: RegExp; frozen: boolean; readonly sentAfter: string[] }
    | undefined;
}

/** Stands around the requests of a `fakeGoogle`. `whileFrozen` is what others do in the meantime. */
export function disturb(
  disturbance: Disturbance,
  whileFrozen: () => void,
): (request: string, answer: () => Promise<unknown>) => Promise<unknown> {
  return async (request, answer) => {
    if (request.includes('storage.googleapis.com')) return answer();
    const { freeze, armed } = disturbance;
    if (!/^(?:POST|PUT|PATCH)/.test(request)) {
      const seen = await answer();
      if (freeze?.frozen === false && freeze.look.test(request)) {
        freeze.frozen = true;
        whileFrozen();
      }
      return seen;
    }
    if (freeze?.frozen === true && freeze.project.test(request)) freeze.sentAfter.push(request);
    if (armed?.write.test(request) !== true) return answer();
    disturbance.armed = undefined;
    return meet(armed.fate, answer);
  };
}

async function meet(fate: Fate, answer: () => Promise<unknown>): Promise<unknown> {
  if (fate.carriedOut) await answer();
  if (fate.seen === 'garbage') return '<!DOCTYPE html><title>Error</title>';
  if (fate.seen === 'empty') return '';
  if (fate.seen === 'reset') throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  const data = { error: { code: fate.seen, message: 'injected' } };
  throw Object.assign(new Error('injected'), { response: { status: fate.seen, data } });
}
