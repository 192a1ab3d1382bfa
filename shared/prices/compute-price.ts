import {
  type Accelerator,
  canonicalName,
  type Gpus,
  gpusOf,
  isUnspecified,
  type MachineType,
  parseMachineType,
} from './machine-type.ts';
import { type Mark, weakest } from './mark.ts';
import type { UsdPerHour } from './money.ts';
import { PRICE_BOOK } from './price-book.ts';

/**
 * Something that bills. `whenStopped` says what becomes of it once the VM is stopped; `unknown` for an external address,
 * which is released if ephemeral and costs double if reserved.
 */
export type PriceItem = {
  readonly what: string;
  readonly whenStopped: 'billed' | 'not-billed' | 'unknown';
} & (
  | { readonly usdPerHour: number; readonly mark: Mark }
  | { readonly usdPerHour: 'unpriced'; readonly why: string }
);

/** A persistent disk; `type` as the notebooks (`PD_SSD`) or compute API (`pd-ssd`, URL) spells it. */
export interface PricedDisk {
  readonly kind: 'boot' | 'data';
  readonly type?: string | undefined;
  readonly sizeGb?: number | undefined;
}

/** What a VM's price depends on. `externalIp` absent means that it has no external address. */
export interface PricedInstance {
  readonly machineType: string;
  readonly accelerators: readonly Accelerator[];
  readonly zone: string;
  readonly disks: readonly PricedDisk[];
  readonly externalIp?: boolean;
}

/** The price of one VM, in USD an hour. A sum with a part that has no price is `unpriced`, never a partial sum. */
export interface InstancePrice {
  readonly items: readonly PriceItem[];
  /** Everything, while the VM runs. */
  readonly runningUsdPerHour: UsdPerHour;
  /** Machine and GPUs: what stopping the VM saves. */
  readonly stoppableUsdPerHour: UsdPerHour;
  /** What goes on billing while the VM is stopped. */
  readonly stoppedUsdPerHour: UsdPerHour;
  /** Why a sum is `unpriced`: one line for each item that lacks a price, or lacks one for the time it is stopped. */
  readonly unpriced: readonly string[];
}

/**
 * Prices a VM or Workbench instance from the price book: list prices on demand. Sustained-use (up to 30 % a month on n1
 * and the GPUs attached to it, up to 20 % on n2), committed-use and negotiated discounts are not applied, nor are Spot
 * prices; Workbench's own management fee is not in the book. Pure; never throws.
 *
 * A disk without a type is unpriced: for data disks notebooks v2 takes `diskType` on input only and never returns it, and
 * real answers omit it for boot disks too (googleapis google/cloud/notebooks/v2/gce_setup.proto). gcloud's help text
 * names PD_STANDARD as the default, no other source confirms it. The types can be had from the Compute Engine disks.
 *
 * Custom machine types are unpriced too: their surcharge (about 5 %) is known from memory only, and what a stop saves
 * should rest on prices that can be traced.
 */
export function priceInstance(instance: PricedInstance): InstancePrice {
  const region = regionOf(instance.zone);
  const items = [
    ...machineItems(instance, region),
    ...diskItems(instance.disks, region),
    ...(instance.externalIp === true ? [addressItem()] : []),
  ];
  return {
    items,
    runningUsdPerHour: sum(items),
    stoppableUsdPerHour: sum(items.filter((item) => item.whenStopped === 'not-billed')),
    stoppedUsdPerHour: sumStopped(items),
    unpriced: items.flatMap(reasonUnpriced),
  };
}

/** `us-central1-a` or a region, also as the last part of a path or URL; undefined for anything else. */
function regionOf(zone: string): string | undefined {
  return /(?:^|\/)([a-z]+-[a-z]+\d+)(?:-[a-z][a-z0-9]*)?$/.exec(zone.trim())?.[1];
}

function noPrice(what: string, region: string | undefined): string {
  return region === undefined ? 'unknown region' : `no price for ${what} in ${region}`;
}

function machineItems(vm: PricedInstance, region: string | undefined): PriceItem[] {
  const machine = parseMachineType(vm.machineType);
  const gpus = gpusOf(vm);
  const what = machine.name === '' ? 'machine' : machine.name;
  const whole = PRICE_BOOK.wholeVms.find((row) => row.type === machine.name && row.region === region);
  if (whole !== undefined) {
    const withGpus = gpus.kind === 'gpus' ? ` with ${String(gpus.count)} x ${gpus.type}` : '';
    return [
      {
        what: `${what}${withGpus}`,
        whenStopped: 'not-billed',
        usdPerHour: whole.usdPerHour,
        mark: whole.mark,
      },
    ];
  }
  return [machineItem(machine, what, region), ...gpuItems(gpus, region)];
}

function machineItem(machine: MachineType, what: string, region: string | undefined): PriceItem {
  const unpriced = (why: string): PriceItem => ({
    what,
    whenStopped: 'not-billed',
    usdPerHour: 'unpriced',
    why,
  });
  if (machine.kind === 'unreadable') return unpriced('unreadable machine type');
  if (machine.kind === 'custom') return unpriced('custom machine types have no price');
  const shape = shapeOf(machine.name);
  if (shape === undefined) return unpriced(noPrice(machine.name, region));
  const unit = PRICE_BOOK.unitPrices.find((row) => row.family === machine.family && row.region === region);
  if (unit === undefined) return unpriced(noPrice(machine.family, region));
  return {
    what,
    whenStopped: 'not-billed',
    usdPerHour: shape.vcpus * unit.usdPerVcpuHour + shape.memoryGib * unit.usdPerGibHour,
    mark: weakest(shape.mark, unit.mark),
  };
}

interface Shape {
  readonly vcpus: number;
  readonly memoryGib: number;
  readonly mark: Mark;
}

function shapeOf(name: string): Shape | undefined {
  const shared = PRICE_BOOK.sharedCores.find((row) => row.type === name);
  if (shared !== undefined) return shared;
  for (const row of PRICE_BOOK.shapes) {
    const vcpus = row.vcpus.find((count) => name === `${row.series}-${String(count)}`);
    if (vcpus !== undefined) return { vcpus, memoryGib: vcpus * row.gibPerVcpu, mark: row.mark };
  }
  return undefined;
}

function gpuItems(gpus: Gpus, region: string | undefined): PriceItem[] {
  if (gpus.kind === 'none') return [];
  if (gpus.kind === 'unknown') {
    return [{ what: 'GPUs', whenStopped: 'not-billed', usdPerHour: 'unpriced', why: gpus.why }];
  }
  const what = `${String(gpus.count)} x ${gpus.type}`;
  const row = PRICE_BOOK.gpus.find((gpu) => gpu.gpu === gpus.type && gpu.region === region);
  if (row === undefined) {
    return [{ what, whenStopped: 'not-billed', usdPerHour: 'unpriced', why: noPrice(gpus.type, region) }];
  }
  return [{ what, whenStopped: 'not-billed', usdPerHour: gpus.count * row.usdPerHour, mark: row.mark }];
}

function diskItems(disks: readonly PricedDisk[], region: string | undefined): PriceItem[] {
  const items = disks.map((disk) => diskItem(disk, region));
  if (disks.some((disk) => disk.kind === 'boot')) return items;
  // Every VM has a boot disk: a list without one is incomplete, not cheap.
  return [
    { what: 'boot disk', whenStopped: 'billed', usdPerHour: 'unpriced', why: 'disk not reported' },
    ...items,
  ];
}

function diskItem(disk: PricedDisk, region: string | undefined): PriceItem {
  const type = canonicalName(disk.type);
  const sizeGb = disk.sizeGb ?? 0;
  const what = isUnspecified(type) ? `${disk.kind} disk` : `${disk.kind} disk ${type}`;
  const unpriced = (why: string): PriceItem => ({ what, whenStopped: 'billed', usdPerHour: 'unpriced', why });
  if (isUnspecified(type)) return unpriced('disk type not reported');
  if (!Number.isFinite(sizeGb) || sizeGb <= 0) return unpriced('disk size not reported');
  const row = PRICE_BOOK.disks.find((price) => price.type === type && price.region === region);
  if (row === undefined) return unpriced(noPrice(type, region));
  if (row.usdPerIopsMonth !== undefined) return unpriced('also bills provisioned IOPS, which are not known');
  return {
    what: `${what}, ${String(sizeGb)} GB`,
    whenStopped: 'billed',
    usdPerHour: (sizeGb * row.usdPerGbMonth) / PRICE_BOOK.hoursPerMonth,
    mark: row.mark,
  };
}

function addressItem(): PriceItem {
  const { usdPerHour, mark } = PRICE_BOOK.externalIpv4;
  return { what: 'external IPv4 address', whenStopped: 'unknown', usdPerHour, mark };
}

function sum(items: readonly PriceItem[]): UsdPerHour {
  let total = 0;
  for (const { usdPerHour } of items) {
    if (usdPerHour === 'unpriced') return 'unpriced';
    total += usdPerHour;
  }
  return total;
}

function reasonUnpriced(item: PriceItem): string[] {
  if (item.usdPerHour === 'unpriced') return [`${item.what}: ${item.why}`];
  if (item.whenStopped === 'unknown')
    return [`${item.what}, when stopped: reserved or ephemeral is not known`];
  return [];
}

function sumStopped(items: readonly PriceItem[]): UsdPerHour {
  if (items.some((item) => item.whenStopped === 'unknown')) return 'unpriced';
  return sum(items.filter((item) => item.whenStopped === 'billed'));
}
