import type { Usage } from '../../../shared/prices/book.ts';
import { SERVICES, type Sku } from './read-skus.ts';
import { DESTINATIONS, DISKS, FAMILIES, GPUS, NETWORK, RETIRED_GPUS, TPUS, WHOLE } from './sku-names.ts';

/** The books that are made anew from the catalog's SKUs. */
export const REFRESHED = [
  'unit-prices',
  'gpu-prices',
  'disk-prices',
  'machine-prices',
  'tpu-prices',
  'storage-prices',
  'network-prices',
] as const;

export type RefreshedBook = (typeof REFRESHED)[number];

/** What a SKU is the price of, in the words of the books. */
export interface Match {
  readonly book: RefreshedBook;
  readonly name: string;
  readonly usage: Usage;
  /** The unit in which its price must be. */
  readonly unit: 'h' | 'GiBy.h' | 'GiBy.mo' | 'GiBy';
  /** How many of the book's things one of its units is. */
  readonly per?: number;
  /** Its price falls with the traffic of a month: a price for each tier of the book. */
  readonly tiered?: boolean;
}

/** A name that no source explains. */
export interface Unknown {
  readonly unknown: string;
}

/** What a price on demand or on Spot never is: bought ahead, for a time, for one tenant, or a surcharge. */
const OTHER =
  /reserv|sole.?tenan|calendar|flex|\bdws\b|defined duration|commit|scheduled|subscription|capacity optimized|overcommit|\bpremium\b(?! for memory-optimized)|vws|upgrade (?!premium for memory)|confidential|windows/i;

const PREEMPTIBLE = /\b(?:spot preemptible|spot|preemptible)\b/i;

/** What a SKU is the price of; undefined for all that the books do not hold. */
export function matchSku({ name, description, category }: Sku): Match | Unknown | undefined {
  // It names the same machines at prices of its own.
  if (name.startsWith(SERVICES.vertex)) return undefined;
  if (!['OnDemand', 'Preemptible'].includes(category.usageType) || OTHER.test(description)) return undefined;
  // The usage type alone does not tell: some Spot SKUs have OnDemand.
  const usage: Usage =
    category.usageType === 'Preemptible' || PREEMPTIBLE.test(description) ? 'spot' : 'on-demand';
  const plain = description
    .replace(/ attached to (?:Spot )?Preemptible VMs/i, '')
    .replace(/^(?:Spot )?Preemptible /i, '')
    .replace(/ (?:running )?in [A-Z].*$/, '');
  return (
    unitMatch(plain, usage) ??
    gpuMatch(plain, usage) ??
    tpuMatch(plain, usage) ??
    diskMatch(plain, usage) ??
    (usage === 'on-demand' ? (storageMatch(description) ?? networkMatch(plain, description)) : undefined)
  );
}

function unitMatch(plain: string, usage: Usage): Match | Unknown | undefined {
  const whole = WHOLE[plain];
  if (whole !== undefined) return { book: 'machine-prices', name: whole, usage, unit: 'h' };
  const [, name = '', extended, instance, kind] =
    /^(.+?)( Extended)?( Instance)? (Core|Ram)$/.exec(plain) ?? [];
  if (kind === undefined) return undefined;
  const family = FAMILIES[name];
  if (family === undefined) return instance === undefined ? undefined : { unknown: `machine family ${name}` };
  return kind === 'Core'
    ? { book: 'unit-prices', name: `${family}.vcpu`, usage, unit: 'h' }
    : {
        book: 'unit-prices',
        name: `${family}.gib${extended === undefined ? '' : '-extended'}`,
        usage,
        unit: 'GiBy.h',
      };
}

function gpuMatch(plain: string, usage: Usage): Match | Unknown | undefined {
  const gpu = GPUS[plain];
  if (gpu !== undefined) return { book: 'gpu-prices', name: gpu, usage, unit: 'h' };
  return plain.endsWith(' GPU') && !RETIRED_GPUS.has(plain) ? { unknown: plain } : undefined;
}

function tpuMatch(plain: string, usage: Usage): Match | Unknown | undefined {
  // Prices of the first generations are of a continent: "Tpu-v4 Pod Accelerator USA".
  const text = plain.toLowerCase().replace(/ accelerator .*$/, ' accelerator');
  const tpu = TPUS[text];
  if (tpu !== undefined) return { book: 'tpu-prices', name: tpu.name, usage, unit: 'h', per: tpu.chips };
  // Pods of more than one board have a price of their own, which no machine of the books is.
  return /^tpu/.test(text) && !text.includes(' pod') ? { unknown: plain } : undefined;
}

function diskMatch(plain: string, usage: Usage): Match | undefined {
  const disk = DISKS[plain];
  return disk === undefined ? undefined : { book: 'disk-prices', name: disk, usage, unit: 'GiBy.mo' };
}

function storageMatch(description: string): Match | undefined {
  const [, kind, what] =
    /^(Standard|Nearline|Coldline|Archive) (Storage (?!.*Early Delete).+|Data Retrieval)$/.exec(
      description,
    ) ?? [];
  if (kind === undefined || what === undefined) return undefined;
  const book = 'storage-prices';
  const name = kind.toUpperCase();
  return what === 'Data Retrieval'
    ? { book, name: `${name}.retrieval`, usage: 'on-demand', unit: 'GiBy' }
    : { book, name, usage: 'on-demand', unit: 'GiBy.mo' };
}

function networkMatch(plain: string, description: string): Match | undefined {
  const fixed = NETWORK[plain];
  if (fixed !== undefined) return { book: 'network-prices', usage: 'on-demand', ...fixed };
  const [, to = ''] = /^Network Internet Data Transfer Out from .+ to (.+)$/.exec(description) ?? [];
  const name = DESTINATIONS[to];
  if (name === undefined) return undefined;
  return { book: 'network-prices', name, usage: 'on-demand', unit: 'GiBy', tiered: true };
}
