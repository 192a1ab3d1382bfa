import type { MachineType } from './machine-type.ts';
import { isPriced, sumPrices, timesPrice, unpriced, type Price } from './price.ts';
import { scaleUsd } from './money.ts';

/** What a family allows as a custom type: https://cloud.google.com/compute/docs/general-purpose-machines */
export interface CustomLimits {
  readonly maxVcpus: number;
  readonly minGibPerVcpu: number;
  /** More than this is extended memory. */
  readonly maxGibPerVcpu: number;
  readonly extended: boolean;
  /** On top of the predefined price: n1 is in the price data, n2 in infracost's golden files; the others are known from memory. */
  readonly surcharge: { readonly low: number; readonly high: number };
}

const DOUBTFUL = { low: 0, high: 0.05 };

const LIMITS: Readonly<Record<string, CustomLimits>> = {
  n1: {
    maxVcpus: 96,
    minGibPerVcpu: 0.9,
    maxGibPerVcpu: 6.5,
    extended: true,
    surcharge: { low: 0.05, high: 0.05 },
  },
  n2: {
    maxVcpus: 80,
    minGibPerVcpu: 0.5,
    maxGibPerVcpu: 8,
    extended: true,
    surcharge: { low: 0.05, high: 0.05 },
  },
  n2d: { maxVcpus: 96, minGibPerVcpu: 0.5, maxGibPerVcpu: 8, extended: true, surcharge: DOUBTFUL },
  e2: { maxVcpus: 32, minGibPerVcpu: 0.5, maxGibPerVcpu: 8, extended: false, surcharge: DOUBTFUL },
  n4: { maxVcpus: 80, minGibPerVcpu: 2, maxGibPerVcpu: 8, extended: true, surcharge: DOUBTFUL },
  n4d: { maxVcpus: 96, minGibPerVcpu: 2, maxGibPerVcpu: 8, extended: true, surcharge: DOUBTFUL },
};

/** The families that have custom types, and how far those go. */
export const customLimits = (family: string): CustomLimits | undefined => LIMITS[family];

type Custom = Extract<MachineType, { kind: 'custom' }>;

/** Extended memory costs so many times custom memory: 0.00955 to 0.004446 USD a GiB-hour for n1 in us-central1 (infracost golden files). */
const EXTENDED_RATIO = 0.00955 / 0.004446;

/** A custom machine an hour, from the units of its family (`n1-custom.vcpu`, or `n2.gib`), which `unitOf` looks up. */
export function customPrice(machine: Custom, unitOf: (unit: string) => Price, region: string): Price {
  const { family, vcpus, memoryMib } = machine;
  const limits = LIMITS[family];
  if (limits === undefined) return unpriced(`custom types of ${family} have no price`);
  const gib = memoryMib / 1024;
  const normal = Math.min(gib, vcpus * limits.maxGibPerVcpu);
  // Units of the family's own custom types, where the book has them; else those of its predefined types and a surcharge.
  const unit = (name: string): Price => {
    const own = unitOf(`${family}-custom.${name}`);
    return isPriced(own) ? own : surcharged(unitOf(`${family}.${name}`), limits);
  };
  const cores = timesPrice(unit('vcpu'), vcpus);
  const memory = timesPrice(unit('gib'), normal);
  if (gib <= normal) return sumPrices([cores, memory]);
  if (!limits.extended)
    return unpriced(`${family} has no extended memory: ${gib} GiB is more than ${normal} in ${region}`);
  const own = unitOf(`${family}-custom.gib-extended`);
  const extended = isPriced(own) ? own : extendedByRatio(unit('gib'), family);
  return sumPrices([cores, memory, timesPrice(extended, gib - normal)]);
}

function surcharged(price: Price, { surcharge }: CustomLimits): Price {
  if (!isPriced(price)) return price;
  const note =
    surcharge.low === surcharge.high
      ? price.note
      : 'custom types cost up to 5 % more, which no source confirms';
  return {
    ...price,
    usd: { low: price.usd.low * (1 + surcharge.low), high: price.usd.high * (1 + surcharge.high) },
    note,
  };
}

/** No source has it outside us-central1: for n1 in the same ratio, for other families up to that. */
function extendedByRatio(memory: Price, family: string): Price {
  if (!isPriced(memory)) return memory;
  const scaled = scaleUsd(memory.usd, EXTENDED_RATIO);
  return {
    ...memory,
    mark: 'third-party',
    usd: family === 'n1' ? scaled : { low: memory.usd.low, high: scaled.high },
    note: 'extended memory in the ratio of n1 in us-central1',
  };
}
