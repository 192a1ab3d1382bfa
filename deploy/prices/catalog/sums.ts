import type { Book, Usage } from '../../../shared/prices/book.ts';
import { catalogMachine, machineNames, type CatalogMachine } from '../../../shared/prices/machine-catalog.ts';
import { HOURS_PER_MONTH } from '../../../shared/prices/quantities.ts';
import { keyOf, type FreshCell } from './fresh-prices.ts';

/** Fresh prices with those that are sums of them, and sums that are not clear. */
export interface Summed {
  readonly cells: readonly FreshCell[];
  readonly problems: readonly string[];
}

const USAGES = ['on-demand', 'spot'] as const;

/** Adds the cores of m2, and machines that stand in the book as a whole: where the catalog has every part of them. */
export function withSums(fresh: readonly FreshCell[], machines: Book): Summed {
  const parts = [...fresh.filter(({ name }) => !name.startsWith('m2-premium.')), ...coresOfM2(fresh)];
  const usdOf = new Map(parts.map((cell) => [keyOf(cell), Number(cell.usd)]));
  const problems: string[] = [];
  const sums = USAGES.flatMap((usage) =>
    wholeMachines(machines, usage).flatMap(({ machine, place }): readonly FreshCell[] => {
      const { name } = machine;
      const whole: Omit<FreshCell, 'usd'> = { book: 'machine-prices', name, usage, place };
      if (usdOf.has(keyOf(whole))) return [];
      const found = familiesOf(machine).flatMap(
        (family) => sumOf(usdOf, machine, family, usage, place) ?? [],
      );
      const [usd, ...others] = [...new Set(found)];
      if (others.length === 0) return usd === undefined ? [] : [{ ...whole, usd }];
      problems.push(
        `${usage} ${name} in ${place}: cores of ${familiesOf(machine).join(' or ')} make ${found.join(' or ')}`,
      );
      return [];
    }),
  );
  return { cells: [...parts, ...sums], problems };
}

/** Machines that the book has as a whole, and those with GPUs, where they are offered. */
function wholeMachines(
  book: Book,
  usage: Usage,
): readonly { readonly machine: CatalogMachine; readonly place: string }[] {
  const inBook = new Set(book.names(usage));
  return machineNames().flatMap((name) => {
    const machine = catalogMachine(name);
    if (machine === undefined || (machine.gpu === undefined && !inBook.has(name))) return [];
    return machine.regions.map((place) => ({ machine, place }));
  });
}

/** What its cores and memory are called: no source says whether a3-megagpu has those of A3 or of A3Plus. */
const familiesOf = ({ name, family }: CatalogMachine): readonly string[] =>
  name.startsWith('a3-ultragpu')
    ? ['a3ultra']
    : name.startsWith('a3-megagpu')
      ? ['a3', 'a3plus']
      : name.startsWith('m4-ultramem-224')
        ? ['m4-ultramem-224']
        : [family];

function sumOf(
  usdOf: ReadonlyMap<string, number>,
  { family, billedVcpus, memoryGib, gpu, gpuCount, localSsdGb }: CatalogMachine,
  unit: string,
  usage: Usage,
  place: string,
): string | undefined {
  const find = (book: FreshCell['book'], name: string): number =>
    usdOf.get(keyOf({ book, usage, name, place })) ?? Number.NaN;
  const ownSsd = find('disk-prices', `local-ssd-${family}`);
  const ssd = Number.isNaN(ownSsd) ? find('disk-prices', 'local-ssd') : ownSsd;
  const usd =
    billedVcpus * find('unit-prices', `${unit}.vcpu`) +
    memoryGib * find('unit-prices', `${unit}.gib`) +
    (gpu === undefined ? 0 : gpuCount * find('gpu-prices', gpu)) +
    (localSsdGb === 0 ? 0 : (localSsdGb / HOURS_PER_MONTH) * ssd);
  return Number.isFinite(usd) ? usd.toPrecision(9) : undefined;
}

/** m2 is billed as m1 and a premium on top; on Spot it is not sold. */
function coresOfM2(fresh: readonly FreshCell[]): readonly FreshCell[] {
  const usdOf = new Map(fresh.map((cell) => [keyOf(cell), Number(cell.usd)]));
  return fresh
    .filter(({ name, usage }) => name.startsWith('m2-premium.') && usage === 'on-demand')
    .flatMap((premium) => {
      const base = usdOf.get(keyOf({ ...premium, name: premium.name.replace('m2-premium', 'm1') }));
      if (base === undefined) return [];
      const usd = String(Number((base + Number(premium.usd)).toFixed(12)));
      return [{ ...premium, name: premium.name.replace('m2-premium', 'm2'), usd }];
    });
}
