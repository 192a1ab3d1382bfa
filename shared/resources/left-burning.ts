import { formatUsdPerHour, type UsdRange } from '../prices/money.ts';
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

/**
 * What goes on running, worst first. What belongs to something else is named with that; what bills nothing is left out, but for what
 * may begin to by itself.
 */
export function leftBurning(resources: readonly RunningResource[]): readonly Burning[] {
  return billing(resources).map(toBurning);
}

function billing(resources: readonly RunningResource[]): readonly RunningResource[] {
  return worstFirst(
    resources.filter(
      ({ partOf, cost, mayBeIdle }) => partOf === undefined && (mayBeIdle === true || !isFree(cost)),
    ),
  );
}

function toBurning({ resource, description, cost, fate, command }: RunningResource): Burning {
  return {
    resource,
    description,
    cost: costText(cost),
    why: fate.kind === 'stoppable' ? 'no rung stops it' : fate.why,
    command,
  };
}

/** As many of the worst as a list has room for, and how many others there are, with what they cost; undefined where all are listed. */
export interface ListedBurning {
  readonly listed: readonly Burning[];
  readonly others: { readonly count: number; readonly cost: string } | undefined;
}

/** The worst `most` of what goes on running. */
export function listBurning(resources: readonly RunningResource[], most: number): ListedBurning {
  const all = billing(resources);
  const rest = all.slice(most);
  return {
    listed: all.slice(0, most).map(toBurning),
    others: rest.length === 0 ? undefined : { count: rest.length, cost: burnText(burnOf(rest)) },
  };
}

/** Whether it is known to bill for machines now: not what may have no instances, what is scaled up from none, or storage. Pure. */
export function isKnownToBurn({
  mayBeIdle,
  isStorage,
  cost,
}: Pick<RunningResource, 'mayBeIdle' | 'isStorage' | 'cost'>): boolean {
  return mayBeIdle !== true && isStorage !== true && !(isPriced(cost) && cost.usd.low === 0);
}

/** Whether it is known to bill nothing. Pure. */
export function isFree(cost: Price): boolean {
  return isPriced(cost) && cost.usd.high === 0;
}

/** `$3.67/h`; with bounds where sources disagree; `at least $3.67/h: …` where something comes on top; what has no price says why. */
export function costText(cost: Price): string {
  if (!isPriced(cost)) {
    const least = cost.atLeastUsd === undefined ? '' : `, at least ${formatUsdPerHour(cost.atLeastUsd)}`;
    return `unpriced${least}: ${cost.why}`;
  }
  if (cost.usd.high === 0 && cost.note !== undefined) return `nothing by itself: ${cost.note}`;
  const range = rangeText(cost.usd);
  return cost.onTop === undefined ? range : `at least ${range}: ${cost.onTop} comes on top`;
}

function rangeText({ low, high }: UsdRange): string {
  return low === high ? formatUsdPerHour(low) : `${formatUsdPerHour(low)} to ${formatUsdPerHour(high)}`;
}

/** `$3.67/h`, `$3.67/h and 2 without a price`, `2 without a price`; `at least $3.67/h` where something comes on top of one. */
export function burnText({ usd, unpriced, onTop = 0 }: Burn): string {
  const priced = `${onTop > 0 ? 'at least ' : ''}${rangeText(usd)}`;
  if (unpriced === 0) return priced;
  return usd.high === 0 ? `${unpriced} without a price` : `${priced} and ${unpriced} without a price`;
}

/** `at $3.67/h`, `for at least $3.67/h`: what goes before a text of {@link burnText} in a sentence. */
export function atBurn(burn: string): string {
  return `${burn.startsWith('at ') ? 'for' : 'at'} ${burn}`;
}

/** Resources that one line names. */
const MAX_SHOWN = 5;

/**
 * `7 left burning $14.20/h and 1 without a price: projects/… (2 x a2-highgpu-1g, $7.34/h; end it by: …); …; and 2 more at $0.40/h, which
 * the log names with their commands`; empty where nothing is.
 */
export function leftText(resources: readonly RunningResource[]): string {
  const { listed, others } = listBurning(resources, MAX_SHOWN);
  if (listed.length === 0) return '';
  const shown = listed.map(
    ({ resource, description, cost, command }) =>
      `${resource} (${description}, ${cost}; end it by: ${command})`,
  );
  const count = listed.length + (others?.count ?? 0);
  const more =
    others === undefined
      ? ''
      : `; and ${others.count} more ${atBurn(others.cost)}, which the log names with their commands`;
  return `${count} left burning ${burnText(burnOf(resources))}: ${shown.join('; ')}${more}`;
}
