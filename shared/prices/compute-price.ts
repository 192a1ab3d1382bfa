import {
  type Accelerator,
  canonicalName,
  type Gpus,
  gpusOf,
  isUnspecified,
  parseMachineType,
} from './machine-type.ts';
import { billsPerformance, diskPrice } from './disk-price.ts';
import { gpuPrice } from './gpu-price.ts';
import { catalogMachine } from './machine-catalog.ts';
import { machinePrice } from './machine-price.ts';
import type { Mark } from './mark.ts';
import type { UsdPerHour } from './money.ts';
import { addressPrice } from './network-rates.ts';
import { isPriced, type Price, timesPrice, unpriced } from './price.ts';
import { HOURS_PER_MONTH } from './quantities.ts';

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
  /** As a Spot VM it has its own prices; on demand when absent. */
  readonly usage?: 'on-demand' | 'spot';
  /** The machine bills on while the VM is stopped, as one on a specific reservation does. */
  readonly billsOn?: boolean;
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
 * Prices a VM or Workbench instance from the price books: list prices on demand. Sustained-use (up to 30 % a month on n1
 * and the GPUs attached to it, up to 20 % on n2), committed-use and negotiated discounts are not applied; a Spot
 * VM has the last Spot price known; Workbench's own management fee is not in the book. Pure; never throws.
 *
 * A disk without a type is unpriced: for data disks notebooks v2 takes `diskType` on input only and never returns it, and
 * real answers omit it for boot disks too (googleapis google/cloud/notebooks/v2/gce_setup.proto). gcloud's help text
 * names PD_STANDARD as the default, no other source confirms it. The types can be had from the Compute Engine disks.
 *
 * Where sources disagree, or the surcharge of a custom type is in doubt, the lower figure counts.
 */
export function priceInstance(instance: PricedInstance): InstancePrice {
  const region = regionOf(instance.zone);
  const items = [
    ...machineItems(instance, region),
    ...diskItems(instance.disks, region),
    ...(instance.externalIp === true ? [addressItem(region)] : []),
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

function machineItems(vm: PricedInstance, region: string | undefined): PriceItem[] {
  const machine = parseMachineType(vm.machineType);
  const gpus = gpusOf(vm);
  const what = machine.name === '' ? 'machine' : machine.name;
  const included = gpus.kind === 'gpus' && gpus.included ? ` with ${String(gpus.count)} x ${gpus.type}` : '';
  const price =
    region === undefined ? NO_REGION : machinePrice(vm.machineType, region, vm.usage ?? 'on-demand');
  const item = itemOf(`${what}${included}`, whenStopped(vm), price);
  // What the machine type brings along is in its price.
  if (catalogMachine(machine.name)?.gpu !== undefined || included !== '') return [item];
  return [item, ...gpuItems(vm, gpus, region)];
}

const NO_REGION = unpriced('unknown region');

/** Where sources disagree, the lower figure: what is said to be saved is never more than what is. */
function itemOf(what: string, whenStopped: PriceItem['whenStopped'], price: Price): PriceItem {
  return isPriced(price)
    ? { what, whenStopped, usdPerHour: price.usd.low, mark: price.mark }
    : { what, whenStopped, usdPerHour: 'unpriced', why: price.why };
}

/** What becomes of machine and GPUs. */
function whenStopped({ billsOn = false }: PricedInstance): 'billed' | 'not-billed' {
  return billsOn ? 'billed' : 'not-billed';
}

function gpuItems(vm: PricedInstance, gpus: Gpus, region: string | undefined): PriceItem[] {
  if (gpus.kind === 'none') return [];
  if (gpus.kind === 'unknown') return [itemOf('GPUs', whenStopped(vm), unpriced(gpus.why))];
  const one = region === undefined ? NO_REGION : gpuPrice(gpus.type, region, vm.usage ?? 'on-demand');
  return [itemOf(`${String(gpus.count)} x ${gpus.type}`, whenStopped(vm), timesPrice(one, gpus.count))];
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
  const noPrice = (why: string): PriceItem => itemOf(what, 'billed', unpriced(why));
  if (isUnspecified(type)) return noPrice('disk type not reported');
  if (!Number.isFinite(sizeGb) || sizeGb <= 0) return noPrice('disk size not reported');
  if (region === undefined) return noPrice('unknown region');
  const price = diskPrice(type, region);
  if (isPriced(price) && billsPerformance(type))
    return noPrice('also bills provisioned IOPS, which are not known');
  return itemOf(
    isPriced(price) ? `${what}, ${String(sizeGb)} GB` : what,
    'billed',
    timesPrice(price, sizeGb / HOURS_PER_MONTH),
  );
}

function addressItem(region: string | undefined): PriceItem {
  return itemOf('external IPv4 address', 'unknown', addressPrice(region ?? 'us-central1'));
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
