import type { DecidedOutcome, Decision } from '../receipt.ts';

/** Counts outcomes by action, and sums up what they save. */
export function startTally(saves: (decision: Decision) => boolean) {
  const outcomes: Record<string, number> = {};
  const savings = { usdPerHour: 0, unpriced: 0 };
  const add = (outcome: DecidedOutcome): void => {
    const key = `${outcome.action} ${outcome.outcome}`;
    outcomes[key] = (outcomes[key] ?? 0) + 1;
    if (outcome.outcome === 'failed' || outcome.outcome === 'already' || !saves(outcome)) return;
    if (outcome.usdPerHour === 'unpriced') savings.unpriced += 1;
    else savings.usdPerHour += outcome.usdPerHour;
  };
  return { outcomes, savings, add };
}
