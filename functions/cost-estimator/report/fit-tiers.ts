import type { FitReport } from '../decide.ts';
import type { Tier } from '../fit/tiers.ts';

/** The machines of an answer in the order of reading: those that fit, then the tight ones, then those that it is split over. */
export const tiersOf = ({ fits, tight, sharded }: FitReport): readonly Tier[] => [
  ...fits,
  ...tight,
  ...sharded,
];
