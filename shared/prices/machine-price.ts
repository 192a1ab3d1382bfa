import { lazyBook, type Usage } from './book.ts';
import machineJson from './books/machine-prices.json' with { type: 'json' };
import unitJson from './books/unit-prices.json' with { type: 'json' };
import { customPrice } from './custom-machine.ts';
import { localSsdPrice } from './disk-price.ts';
import { gpuPrice } from './gpu-price.ts';
import { catalogMachine, type CatalogMachine } from './machine-catalog.ts';
import { parseMachineType } from './machine-type.ts';
import { atLeast, isPriced, priceOf, sumPrices, timesPrice, unpriced, type Price } from './price.ts';
import { tpuMachinePrice } from './tpu-price.ts';

const machines = lazyBook(machineJson);
const units = lazyBook(unitJson);

/**
 * A machine an hour, with the GPUs and local SSDs that it brings along and without those that are attached, at the date of the
 * book: a Spot price is the last one known. Whether the machine is offered there is for the caller: `catalogMachine`.
 */
export function machinePrice(name: string, region: string, usage: Usage): Price {
  const parsed = parseMachineType(name);
  if (parsed.kind === 'unreadable') return unpriced('unreadable machine type');
  if (parsed.kind === 'custom') return customPrice(parsed, (unit) => unitPrice(unit, region, usage), region);
  const whole = machines().find(usage, parsed.name, region);
  if (whole !== undefined) return priceOf(whole);
  const renamed = RENAMED[parsed.name];
  if (renamed !== undefined) return machinePrice(renamed, region, usage);
  const machine = catalogMachine(parsed.name);
  if (machine === undefined) return unpriced(`no price for ${parsed.name} in ${region}`);
  const tpu = tpuMachinePrice(machine, region, usage);
  if (tpu !== undefined && isPriced(tpu)) return tpu;
  const sum = machine.gpu === undefined ? sumOfParts(machine, region, usage) : undefined;
  if (sum !== undefined && isPriced(sum)) return sum;
  return unpriced(
    `no ${usage === 'spot' ? 'Spot price' : 'price'} for ${parsed.name} in ${region}`,
    lowerBound(machine, region, usage),
  );
}

/** Names that Google gave up for those of the memory-optimized family; both are in the list of machine types. */
const RENAMED: Readonly<Record<string, string>> = {
  'n1-megamem-96': 'm1-megamem-96',
  'n1-ultramem-40': 'm1-ultramem-40',
  'n1-ultramem-80': 'm1-ultramem-80',
  'n1-ultramem-160': 'm1-ultramem-160',
};

function unitPrice(unit: string, region: string, usage: Usage): Price {
  const figure = units().find(usage, unit, region);
  return figure === undefined ? unpriced(`no price for ${unit} in ${region}`) : priceOf(figure);
}

function sumOfParts(machine: CatalogMachine, region: string, usage: Usage): Price {
  const { family, billedVcpus, memoryGib, localSsdGb } = machine;
  const cores = timesPrice(unitPrice(`${family}.vcpu`, region, usage), billedVcpus);
  const memory = timesPrice(unitPrice(`${family}.gib`, region, usage), memoryGib);
  return localSsdGb === 0
    ? sumPrices([cores, memory])
    : sumPrices([cores, memory, localSsdPrice(family, localSsdGb, region, usage)]);
}

/**
 * Of a machine with GPUs those alone, where they are cheapest: hosts of accelerators cost less than any other family. Of others
 * the vCPUs and GiB of the family that is cheapest there.
 */
function lowerBound(machine: CatalogMachine, region: string, usage: Usage): number | undefined {
  const { gpu, gpuCount, billedVcpus, memoryGib } = machine;
  if (gpu !== undefined) return gpuCount * atLeast(gpuPrice(gpu, region, usage)) || undefined;
  const cheapest = (suffix: string): number => {
    const names = units()
      .names(usage)
      .filter((name) => name.endsWith(suffix));
    const prices = names.flatMap((name) => units().find(usage, name, region)?.low ?? []);
    return prices.length === 0 ? 0 : Math.min(...prices);
  };
  return billedVcpus * cheapest('.vcpu') + memoryGib * cheapest('.gib') || undefined;
}

/** A machine's price taken apart; parts that cannot be told from each other stand in `host`. */
export interface MachineParts {
  readonly host: Price;
  readonly gpus: Price | undefined;
  readonly localSsd: Price | undefined;
}

/** What of a machine's price are its GPUs and local SSDs. */
export function machineParts(name: string, region: string, usage: Usage): MachineParts {
  const whole = machinePrice(name, region, usage);
  const machine = catalogMachine(parseMachineType(name).name);
  if (machine === undefined || !isPriced(whole)) return { host: whole, gpus: undefined, localSsd: undefined };
  const { gpu, gpuCount, family, localSsdGb } = machine;
  const cards = gpu === undefined ? undefined : timesPrice(gpuPrice(gpu, region, usage), gpuCount);
  const localSsd = localSsdGb === 0 ? undefined : localSsdPrice(family, localSsdGb, region, usage);
  const others = [cards, localSsd].filter((part) => part !== undefined);
  const rest = whole.usd.low - others.reduce((sum, part) => sum + atLeast(part), 0);
  // Where a part has no price of its own, or one of another day, the sum would be wrong: then the machine is one part.
  if (others.length === 0 || !others.every(isPriced) || rest <= 0 || whole.usd.low !== whole.usd.high)
    return { host: whole, gpus: undefined, localSsd: undefined };
  return { host: { ...whole, usd: { low: rest, high: rest } }, gpus: cards, localSsd };
}

/** The day of the oldest prices that a machine's price is made of. */
export const machinePricesDate = (): string => [machines().asOf, units().asOf].sort()[0] ?? machines().asOf;
