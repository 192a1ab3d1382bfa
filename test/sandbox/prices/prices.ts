import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * List prices on demand in USD as the Cloud Billing Catalog API gave them: prices.csv, machines and attached GPUs an hour
 * (GPUs and local SSDs that a machine type brings along included), disks a GB and month. Data of 2026-07-30 in
 * Cyclenerd/google-cloud-pricing-cost-calculator (Apache-2.0) and of 2026-03 in skypilot-org/skypilot-catalog, for the
 * regions of the scenarios. The sandbox bills by these and not by costguard's own book: each is the other's check.
 */
const [header = [], ...rows] = readFileSync(join(import.meta.dirname, 'prices.csv'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(','));

const usdBy = new Map(
  rows.flatMap(([kind = '', name = '', ...prices]) =>
    prices.flatMap((price, index): [string, number][] =>
      price === '' ? [] : [[`${kind} ${name} ${header[index + 2] ?? ''}`, Number(price)]],
    ),
  ),
);

/** USD an hour, or why there is no price. */
export type Rate = { readonly usdPerHour: number } | { readonly why: string };

/** Google reckons a month as 730 hours. */
const HOURS_PER_MONTH = 730;
/** In use, in every region. */
export const EXTERNAL_IPV4_USD_PER_HOUR = 0.005;

export interface PricedMachine {
  readonly machineType: string;
  readonly accelerators: readonly { readonly type?: string | undefined; readonly count: number }[];
  /** A zone or region. */
  readonly place: string;
}

/** A machine with its GPUs, without disks. */
export function machineRate({ machineType, accelerators, place }: PricedMachine): Rate {
  const machine = look('machine', machineType, place);
  // A machine type of these families has its GPUs in its price.
  if (/^(?:a[2-9]|g[2-9])-/.test(machineType)) return machine;
  return sum([
    machine,
    ...accelerators
      .filter(({ count }) => count > 0)
      .map(({ type, count }) => times(look('gpu', plain(type ?? 'a GPU without a type'), place), count)),
  ]);
}

export function diskRate(type: string, sizeGb: number, place: string): Rate {
  const perMonth = look('disk', plain(type), place);
  return times(perMonth, sizeGb / HOURS_PER_MONTH);
}

export function sum(rates: readonly Rate[]): Rate {
  let usdPerHour = 0;
  const whys: string[] = [];
  for (const rate of rates)
    if ('why' in rate) whys.push(rate.why);
    else usdPerHour += rate.usdPerHour;
  return whys.length > 0 ? { why: whys.join('; ') } : { usdPerHour };
}

export function times(rate: Rate, count: number): Rate {
  return 'why' in rate ? rate : { usdPerHour: rate.usdPerHour * count };
}

function look(kind: 'machine' | 'gpu' | 'disk', name: string, place: string): Rate {
  const region = place.replace(/-[a-z]$/, '');
  const usd = usdBy.get(`${kind} ${name} ${region}`);
  return usd === undefined ? { why: `no price for ${name} in ${region}` } : { usdPerHour: usd };
}

/** `NVIDIA_TESLA_T4` and `PD_SSD` as Compute Engine spells them. */
function plain(type: string): string {
  return type.toLowerCase().replaceAll('_', '-');
}
