import type { Present } from './kind.ts';

/** When something was started last, by the timestamps that Google gives of it; nothing where it gives none. */
export function startedAt(...times: readonly (string | undefined)[]): Pick<Present, 'startedMs'> {
  const known = times.map((time) => Date.parse(time ?? '')).filter((ms) => !Number.isNaN(ms));
  return known.length === 0 ? {} : { startedMs: Math.max(...known) };
}
