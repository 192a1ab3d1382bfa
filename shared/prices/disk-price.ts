import { lazyBook, type Usage } from './book.ts';
import diskJson from './books/disk-prices.json' with { type: 'json' };
import { priceOf, unpriced, type Price } from './price.ts';
import { HOURS_PER_MONTH } from './quantities.ts';

const disks = lazyBook(diskJson);

/** Disk types that bill provisioned IOPS or throughput besides their size. */
const BILLS_MORE = new Set(['pd-extreme', 'hyperdisk-extreme']);

/** A GB and month of a disk type as Compute Engine spells it (`pd-ssd`), without what it bills besides. */
export function diskPrice(type: string, region: string): Price {
  const figure = disks().find('on-demand', type, region);
  if (figure !== undefined) return priceOf(figure);
  return unpriced(`no price for ${type} in ${region}`);
}

/** Whether the size alone does not tell what it costs. */
export function billsPerformance(type: string): boolean {
  return BILLS_MORE.has(type) || (type.startsWith('hyperdisk-') && !BILLS_MORE.has(type));
}

/** The disk types that have a price anywhere. */
export function pricedDiskTypes(): readonly string[] {
  return disks()
    .names('on-demand')
    .filter((name) => !/\.iops$|^local-ssd|^snapshot$/.test(name));
}

/** An hour of the local SSDs that a machine of this family brings along or has attached. */
export function localSsdPrice(family: string, sizeGb: number, region: string, usage: Usage): Price {
  const own = `local-ssd-${family}`;
  // Some families have a price of their own, and then the general one is not theirs anywhere.
  const name = disks().has(usage, own) ? own : 'local-ssd';
  const figure = disks().find(usage, name, region);
  if (figure === undefined) return unpriced(`no price for the local SSD of ${family} in ${region}`);
  const hours = {
    ...figure,
    low: (figure.low * sizeGb) / HOURS_PER_MONTH,
    high: (figure.high * sizeGb) / HOURS_PER_MONTH,
  };
  return priceOf(hours);
}

/** The day of most of its prices. */
export const diskPricesDate = (): string => disks().asOf;
