import { formatUsdPerHour } from '../prices/money.ts';
import { isPriced, type Price } from '../prices/price.ts';
import { burnOf, worstFirst, type Burn } from './inventory.ts';
import type { RunningResource } from './kind.ts';

/** One resource that goes on running, for a receipt, an alert or a log line. */
export interface Burning {
  readonly resource: string;
  readonly description: string;
  /** `$3.67/h`, or `unpriced` and why. */
  readonly cost: string;
  readonly why: string;
  /** What ends it by hand. */
  readonly command: string;
}

/** What goes on running, worst first. What belongs to something else is named with that; what bills nothing is left out. */
export function leftBurning(resources: readonly RunningResource[]): readonly Burning[] {
  return worstFirst(resources.filter(({ partOf, cost }) => partOf === undefined && !isFree(cost))).map(
    ({ resource, description, cost, fate, command }) => ({
      resource,
      description,
      cost: costText(cost),
      why: fate.kind === 'stoppable' ? 'no rung stops it' : fate.why,
      command,
    }),
  );
}

function isFree(cost: Price): boolean {
  return isPriced(cost) && cost.usd.high === 0;
}

/** `$3.67/h`; with bounds where sources disagree; what has no price says why. */
export function costText(cost: Price): string {
  if (!isPriced(cost)) {
    const least = cost.atLeastUsd === undefined ? '' : `, at least ${formatUsdPerHour(cost.atLeastUsd)}`;
    return `unpriced${least}: ${cost.why}`;
  }
  const { low, high } = cost.usd;
  return low === high ? formatUsdPerHour(low) : `${formatUsdPerHour(low)} to ${formatUsdPerHour(high)}`;
}

/** `$3.67/h`, `$3.67/h and 2 without a price`, `2 without a price`. */
export function burnText({ usd, unpriced }: Burn): string {
  const { low, high } = usd;
  const priced =
    low === high ? formatUsdPerHour(low) : `${formatUsdPerHour(low)} to ${formatUsdPerHour(high)}`;
  if (unpriced === 0) return priced;
  return high === 0 ? `${unpriced} without a price` : `${priced} and ${unpriced} without a price`;
}

/** Resources that one line names. */
const MAX_SHOWN = 5;

/** `3 left burning $14.20/h and 1 without a price: projects/… (2 x a2-highgpu-1g, $7.34/h); …`; empty where nothing is. */
export function leftText(resources: readonly RunningResource[]): string {
  const burning = leftBurning(resources);
  if (burning.length === 0) return '';
  const shown = burning
    .slice(0, MAX_SHOWN)
    .map(
      ({ resource, description, cost, command }) =>
        `${resource} (${description}, ${cost}; end it by: ${command})`,
    );
  const more = burning.length > MAX_SHOWN ? `; and ${burning.length - MAX_SHOWN} more` : '';
  return `${burning.length} left burning ${burnText(burnOf(resources))}: ${shown.join('; ')}${more}`;
}
