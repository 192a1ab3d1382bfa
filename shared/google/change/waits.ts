import { undefinedIfMissing } from '../google-api-error.ts';

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 10_000;

/** Looks at once and then with growing pauses, for `withinMs` of pauses in all. Whether `look` became true. */
export async function poll(
  sleep: (milliseconds: number) => Promise<void>,
  withinMs: number,
  look: () => Promise<boolean>,
): Promise<boolean> {
  let pauseMs = FIRST_PAUSE_MS;
  for (let waitedMs = 0; ; waitedMs += pauseMs, pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
    if (await look()) return true;
    if (waitedMs >= withinMs) return false;
    await sleep(pauseMs);
  }
}

/** What was there a moment ago and is not shown is looked for again after this. */
const LOOK_AGAIN_MS = 10_000;

/** What a look shows, undefined for what is gone: a 404 for what was there a moment ago is believed the second time. */
export async function lookTwice<T>(
  sleep: (milliseconds: number) => Promise<void>,
  look: () => Promise<T>,
): Promise<T | undefined> {
  const seen = await undefinedIfMissing(look());
  if (seen !== undefined) return seen;
  await sleep(LOOK_AGAIN_MS);
  return undefinedIfMissing(look());
}

/** Waits that grow with each attempt, with jitter. */
export function backoff(
  sleep: (milliseconds: number) => Promise<void>,
  random: () => number,
  firstMs: number,
  maxMs: number,
) {
  return (attempt: number): Promise<void> => sleep(random() * Math.min(maxMs, firstMs * 2 ** attempt));
}
