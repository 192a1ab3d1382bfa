import { replay, type Replay } from './replay.ts';
import { randomWorld, type Discount, type World } from './world.ts';

export interface Replayed extends Replay {
  readonly seed: number;
  readonly traits: World['traits'];
  /** Whether the API tells of each machine when it was started. */
  readonly tellsStart: boolean;
}

/** Replays worlds 1 to `count`, each once, with the discount of each. */
export function replayAll(count: number, discountOf?: (seed: number) => Discount): readonly Replayed[] {
  return Array.from({ length: count }, (_, index) => {
    const world = randomWorld(index + 1, discountOf?.(index + 1));
    const tellsStart = world.machines.every((one) => one.tellsStart);
    return { seed: world.seed, traits: world.traits, tellsStart, ...replay(world) };
  });
}

/** The watch was there from the period's beginning, sees all that costs, knows each price, and has reports to compare with. */
export function isPlain({ traits, settled }: Replayed): boolean {
  return traits.has('month-end') && traits.size === 1 && settled;
}

/** The value that a share of the values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
