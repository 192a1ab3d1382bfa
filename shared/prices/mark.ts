import * as z from 'zod/mini';

export const mark = z.enum(['verified', 'computed', 'third-party', 'memory']);

/**
 * How far a price is verified, best first: read in a source made from Google's own data, computed from such prices,
 * found in a third party's copy only, or known from memory only (treat as doubtful).
 */
export type Mark = z.infer<typeof mark>;

/** The mark of something made of several rows: the weakest of theirs. */
export function weakest(...marks: readonly Mark[]): Mark {
  const rank = (m: Mark) => mark.options.indexOf(m);
  return marks.reduce((worst, m) => (rank(m) > rank(worst) ? m : worst), 'verified');
}
