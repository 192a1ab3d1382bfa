import { internetPrice } from '../../../shared/prices/network-rates.ts';
import { storedPrice } from '../../../shared/prices/bucket-rates.ts';
import { billsPerformance, diskPrice } from '../../../shared/prices/disk-price.ts';
import type { Usage } from '../../../shared/prices/book.ts';
import type { Configuration } from '../../../shared/prices/planning/configuration.ts';
import { transferPrice } from '../../../shared/prices/planning/transfer.ts';
import { vertexOnDemand } from '../../../shared/prices/planning/vertex.ts';
import { isPriced, timesPrice, unpriced, type Price } from '../../../shared/prices/price.ts';
import { HOURS_PER_MONTH } from '../../../shared/prices/quantities.ts';
import { machineCharges } from './machine-charges.ts';
import type { DiskWish, EgressWish, MachineWish, ResourceWish, StorageWish, Where } from './wish.ts';

/** One thing that is billed, alone. */
export interface Line {
  /** Which resource of the request. */
  readonly resource: string;
  readonly kind: 'machine' | 'gpu' | 'local-ssd' | 'disk' | 'storage' | 'egress' | 'transfer' | 'fee';
  readonly what: string;
  /** With its numbers. */
  readonly formula: string;
  /** Undefined for what is billed by the byte: it counts once a run, a day and a month. */
  readonly perHour: Price | undefined;
  readonly perRun: Price;
  readonly perDay: Price;
  readonly perMonth: Price;
  /** How long a run has it. */
  readonly hours: number | undefined;
}

/** What decides the lines of a run besides its resources. */
export interface Setting {
  readonly region: string;
  readonly usage: Usage;
  readonly where: Where;
  readonly now: Date;
}

/** A machine with the configuration that it stands for, or another resource. */
export type Resource =
  | { readonly wish: MachineWish; readonly configuration: Configuration }
  | { readonly wish: Exclude<ResourceWish, MachineWish>; readonly configuration: undefined };

export function linesOf(resource: Resource, setting: Setting): readonly Line[] {
  if (resource.configuration !== undefined)
    return machineLines(resource.wish, resource.configuration, setting);
  const { wish } = resource;
  switch (wish.kind) {
    case 'disk':
      return [diskLine(wish, setting)];
    case 'storage':
      return [storageLine(wish, setting)];
    case 'egress':
      return [egressLine(wish, setting)];
  }
}

function hourly(
  about: Pick<Line, 'resource' | 'kind' | 'what' | 'formula'>,
  perHour: Price,
  hours: number,
): Line {
  return {
    ...about,
    perHour,
    perRun: timesPrice(perHour, hours),
    perDay: timesPrice(perHour, 24),
    perMonth: timesPrice(perHour, HOURS_PER_MONTH),
    hours,
  };
}

function once(about: Pick<Line, 'resource' | 'kind' | 'what' | 'formula'>, price: Price): Line {
  return { ...about, perHour: undefined, perRun: price, perDay: price, perMonth: price, hours: undefined };
}

function machineLines(wish: MachineWish, configuration: Configuration, setting: Setting): readonly Line[] {
  const times = wish.count === 1 ? '' : ` × ${wish.count}`;
  return machineCharges(configuration, setting).map(({ kind, what, price }) =>
    hourly(
      {
        resource: wish.name,
        kind,
        what: `${what}${times}`,
        formula: `${said(price)}/h${times} × ${wish.hours} h`,
      },
      timesPrice(price, wish.count),
      wish.hours,
    ),
  );
}

function diskLine(wish: DiskWish, { region, where }: Setting): Line {
  const { diskType, sizeGb, count, hours, name } = wish;
  const compute =
    billsPerformance(diskType) && isPriced(diskPrice(diskType, region))
      ? unpriced(`${diskType} also bills provisioned IOPS, which are not known`, atLeastOf(diskType, region))
      : diskPrice(diskType, region);
  const vertex = where === 'training' || where === 'prediction';
  const perGbMonth = vertex ? vertexOnDemand(compute, region) : compute;
  const many = count === 1 ? '' : `${count} × `;
  return hourly(
    {
      resource: name,
      kind: 'disk',
      what: `${many}${diskType}, ${sizeGb} GB`,
      formula: `${many}${sizeGb} GB × ${said(perGbMonth)}/month / ${HOURS_PER_MONTH} h × ${hours} h`,
    },
    timesPrice(perGbMonth, (sizeGb * count) / HOURS_PER_MONTH),
    hours,
  );
}

function atLeastOf(diskType: string, region: string): number | undefined {
  const price = diskPrice(diskType, region);
  return isPriced(price) ? price.usd.low : undefined;
}

function storageLine(
  { name, storageClass, location, sizeGb, hours }: StorageWish,
  { region }: Setting,
): Line {
  const at = location ?? region;
  const price = storedPrice(storageClass, at);
  return hourly(
    {
      resource: name,
      kind: 'storage',
      what: `${storageClass}, ${sizeGb} GB in ${at}`,
      formula: `${sizeGb} GB × ${said(price)}/month / ${HOURS_PER_MONTH} h × ${hours} h`,
    },
    timesPrice(price, sizeGb / HOURS_PER_MONTH),
    hours,
  );
}

function egressLine({ name, sizeGb, to }: EgressWish, { region }: Setting): Line {
  const price =
    to === 'internet'
      ? internetPrice(sizeGb, region)
      : to === 'australia' || to === 'china'
        ? internetPrice(sizeGb, region, to)
        : transferPrice(sizeGb, region, to);
  return once(
    {
      resource: name,
      kind: 'egress',
      what: `${sizeGb} GB to ${to === 'internet' ? 'the internet' : to}`,
      formula: `${sizeGb} GB by the tiers of a month, Premium tier`,
    },
    price,
  );
}

/** Reading the data of a run from where it is. */
export function transferLine(
  data: { readonly region: string; readonly sizeGb: number },
  region: string,
): Line {
  return once(
    {
      resource: 'data',
      kind: 'transfer',
      what: `${data.sizeGb} GB from ${data.region} to ${region}, read once`,
      formula:
        data.region === region
          ? 'free inside one region'
          : `${data.sizeGb} GB × the price between the regions`,
    },
    transferPrice(data.sizeGb, data.region, region),
  );
}

const said = (price: Price): string => {
  if (!isPriced(price)) return 'unpriced';
  const { low, high } = price.usd;
  const text = (usd: number): string => String(Number(usd.toPrecision(9)));
  return low === high ? text(low) : `${text(low)} to ${text(high)}`;
};
