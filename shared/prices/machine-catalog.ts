import * as z from 'zod/mini';
import catalogJson from './books/machine-types.json' with { type: 'json' };

const positive = z.number().check(z.positive());

const gpuSchema = z.strictObject({
  gpu: z.string(),
  memoryGib: positive,
  /** What a process can allocate, where a source measured it. */
  usableMib: z.optional(positive),
  /** The family that it is attached to; absent where a machine type brings it along. */
  attachTo: z.optional(z.string()),
  /** How many can be attached, and the largest machine for that. */
  limits: z.optional(
    z.array(z.strictObject({ count: positive, maxVcpus: positive, maxMemoryGib: positive })),
  ),
  regions: z.array(z.string()),
});

export const catalogSchema = z.strictObject({
  what: z.string(),
  source: z.string(),
  asOf: z.iso.date(),
  columns: z.string(),
  /** Regions by the name of their set, separated by spaces. */
  regionSets: z.record(z.string(), z.string()),
  types: z.array(z.string()),
  gpus: z.array(gpuSchema),
});

/** The columns of a row of `types`. */
export const TYPE_COLUMNS = 'name,vcpus,memoryGib,regionSet,gpu,gpuCount,localSsdGb,billedVcpus,sold';

export type CatalogFile = z.infer<typeof catalogSchema>;

/** A GPU model under its accelerator type's name. */
export type GpuModel = z.infer<typeof gpuSchema>;

/** A machine type as `gcloud compute machine-types list` shows it, over all regions. */
export interface CatalogMachine {
  readonly name: string;
  readonly family: string;
  readonly vcpus: number;
  readonly memoryGib: number;
  /** Where it is offered. */
  readonly regions: readonly string[];
  /** What it brings along, as its accelerator type's name. */
  readonly gpu: string | undefined;
  /** A fraction where machines share one. */
  readonly gpuCount: number;
  readonly localSsdGb: number;
  /** Of shared-core e2 fewer than `vcpus`. */
  readonly billedVcpus: number;
  /** `not-on-demand`: as Spot, flex-start or reservation only. */
  readonly sold: 'on-demand' | 'not-on-demand' | 'deprecated';
}

interface Catalog {
  readonly asOf: string;
  readonly source: string;
  readonly machines: ReadonlyMap<string, string>;
  readonly regionSets: ReadonlyMap<string, readonly string[]>;
  readonly gpus: readonly GpuModel[];
  readonly regions: readonly string[];
  /** Rows that were looked at. */
  readonly known: Map<string, CatalogMachine>;
}

let read: Catalog | undefined;

function catalog(): Catalog {
  if (read !== undefined) return read;
  const { asOf, source, types, regionSets, gpus } = catalogSchema.parse(catalogJson);
  const sets = new Map(Object.entries(regionSets).map(([name, regions]) => [name, regions.split(' ')]));
  read = {
    asOf,
    source,
    gpus,
    known: new Map(),
    machines: new Map(types.map((row) => [row.slice(0, row.indexOf(',')), row])),
    regionSets: sets,
    regions: [...new Set([...sets.values()].flat())].sort(),
  };
  return read;
}

/** The day of the list of machine types, ISO 8601. */
export const catalogDate = (): string => catalog().asOf;

/** Every machine type that is offered anywhere, by name. */
export const machineNames = (): readonly string[] => [...catalog().machines.keys()];

/** Every region, sorted. */
export const allRegions = (): readonly string[] => catalog().regions;

/** A predefined machine type; undefined where the list has none of this name. */
export function catalogMachine(name: string): CatalogMachine | undefined {
  const { known, machines } = catalog();
  const before = known.get(name);
  if (before !== undefined) return before;
  const row = machines.get(name);
  if (row === undefined) return undefined;
  const [, vcpus, memoryGib, set = '', gpu = '', gpuCount, localSsdGb, billedVcpus, sold] = row.split(',');
  const machine: CatalogMachine = {
    name,
    family: name.replace(/-.*/, ''),
    vcpus: Number(vcpus),
    memoryGib: Number(memoryGib),
    regions: catalog().regionSets.get(set) ?? [],
    gpu: gpu === '' ? undefined : gpu,
    gpuCount: Number(gpuCount),
    localSsdGb: Number(localSsdGb),
    billedVcpus: Number(billedVcpus) || Number(vcpus),
    sold: sold === 'not-on-demand' || sold === 'deprecated' ? sold : 'on-demand',
  };
  known.set(name, machine);
  return machine;
}

/** Every GPU model that can be had, with its memory and what it can be attached to. */
export const gpuModels = (): readonly GpuModel[] => catalog().gpus;

/** A GPU model by its accelerator type's name. */
export function gpuModel(name: string): GpuModel | undefined {
  return catalog().gpus.find(({ gpu }) => gpu === name);
}
