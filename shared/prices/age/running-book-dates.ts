import { vertexDate } from '../planning/vertex.ts';
import type { BookDate } from './book-age.ts';
import { computeBookDates } from './compute-book-dates.ts';

/** The books of VMs and what Vertex AI adds: those behind the price of everything that runs. */
export const runningBookDates = (): readonly BookDate[] => [
  ...computeBookDates(),
  ['Vertex AI', vertexDate()],
];
