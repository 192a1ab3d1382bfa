import type { Usage } from '../../../shared/prices/book.ts';
import type { Sku } from './read-skus.ts';

/** What a SKU is the price of, in the words of the books. */
export interface Match {
  readonly book: 'unit-prices' | 'gpu-prices' | 'disk-prices';
  readonly name: string;
  readonly usage: Usage;
  /** The unit in which its price must be. */
  readonly unit: string;
}

/** What a price on demand or on Spot never is: bought ahead, for a time, for one tenant, or a surcharge. */
const OTHER =
  /reserv|sole.?tenan|calendar|flex|\bdws\b|defined duration|commit|scheduled|overcommit|premium|vws|upgrade|confidential/i;

/** Cores and memory by the name that descriptions have for a family. */
const FAMILIES: Readonly<Record<string, string>> = {
  'N1 Predefined': 'n1',
  Custom: 'n1-custom',
  N2: 'n2',
  'N2D AMD': 'n2d',
  N4: 'n4',
  E2: 'e2',
  'T2D AMD': 't2d',
  'T2A Arm': 't2a',
  'C2D AMD': 'c2d',
  C3: 'c3',
  C3D: 'c3d',
  C4: 'c4',
  C4A: 'c4a',
  C4D: 'c4d',
  M3: 'm3',
  A2: 'a2',
  A3: 'a3',
  G2: 'g2',
};

/** GPUs by the name that descriptions have; the longer names first. */
const GPUS: readonly (readonly [name: string, gpu: string])[] = [
  ['Nvidia Tesla T4', 'nvidia-tesla-t4'],
  ['Nvidia Tesla P4', 'nvidia-tesla-p4'],
  ['Nvidia Tesla P100', 'nvidia-tesla-p100'],
  ['Nvidia Tesla V100', 'nvidia-tesla-v100'],
  ['Nvidia L4', 'nvidia-l4'],
  ['Nvidia Tesla A100 80GB', 'nvidia-a100-80gb'],
  ['Nvidia Tesla A100', 'nvidia-tesla-a100'],
  ['Nvidia H100 80GB Mega', 'nvidia-h100-mega-80gb'],
  ['Nvidia H100 80GB', 'nvidia-h100-80gb'],
  ['Nvidia H200 141GB', 'nvidia-h200-141gb'],
];

const DISKS: Readonly<Record<string, string>> = {
  'Storage PD Capacity': 'pd-standard',
  'SSD backed PD Capacity': 'pd-ssd',
  'Balanced PD Capacity': 'pd-balanced',
  'SSD backed Local Storage': 'local-ssd',
};

const PREEMPTIBLE = /\b(?:spot preemptible|spot|preemptible)\b/i;

/** What a SKU is the price of; undefined for all that the books do not hold. */
export function matchSku({ description, category }: Sku): Match | undefined {
  if (!['OnDemand', 'Preemptible'].includes(category.usageType) || OTHER.test(description)) return undefined;
  // The usage type alone does not tell: some Spot SKUs have OnDemand.
  const usage: Usage =
    category.usageType === 'Preemptible' || PREEMPTIBLE.test(description) ? 'spot' : 'on-demand';
  const plain = description
    .replace(/ attached to (?:Spot )?Preemptible VMs/i, '')
    .replace(/^(?:Spot )?Preemptible /i, '')
    .replace(/ (?:running )?in [A-Z].*$/, '');
  const unit = /^(.+?) (?:Extended )?Instance (Core|Ram)$/.exec(plain);
  if (unit !== null) {
    const family = FAMILIES[unit[1] ?? ''];
    if (family === undefined) return undefined;
    const extended = plain.includes(' Extended ') ? '-extended' : '';
    return unit[2] === 'Core'
      ? { book: 'unit-prices', name: `${family}.vcpu`, usage, unit: 'h' }
      : { book: 'unit-prices', name: `${family}.gib${extended}`, usage, unit: 'GiBy.h' };
  }
  const gpu = GPUS.find(([name]) => plain === `${name} GPU`);
  if (gpu !== undefined) return { book: 'gpu-prices', name: gpu[1], usage, unit: 'h' };
  const disk = DISKS[plain];
  return disk === undefined ? undefined : { book: 'disk-prices', name: disk, usage, unit: 'GiBy.mo' };
}
