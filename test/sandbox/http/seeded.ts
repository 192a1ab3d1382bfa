import { seededRandom } from './faults.ts';

/** A generator of numbers in [0, 1) that belongs to a text: the same text, the same numbers (FNV-1a picks the seed). */
export function randomOf(text: string): () => number {
  let seed = 0x811c9dc5;
  for (const byte of Buffer.from(text)) seed = Math.imul(seed ^ byte, 0x01000193);
  return seededRandom(seed);
}
