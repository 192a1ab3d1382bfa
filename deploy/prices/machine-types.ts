import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { TYPE_COLUMNS, type CatalogFile } from '../../shared/prices/machine-catalog.ts';
import { readSource } from './source-rows.ts';

const sourceSchema = z.object({
  asOf: z.object({ machineTypes: z.iso.date() }),
  regionSets: z.record(z.string(), z.array(z.string())),
  types: z.array(
    z.object({
      name: z.string(),
      vcpus: z.number(),
      memoryGib: z.number(),
      regions: z.string(),
      gpu: z.optional(z.string()),
      gpuCount: z.optional(z.number()),
      localSsdGb: z.optional(z.number()),
      billedVcpus: z.optional(z.number()),
      consumption: z.optional(z.string()),
      deprecated: z.optional(z.unknown()),
    }),
  ),
  accelerators: z.record(
    z.string(),
    z.object({
      memoryGib: z.number(),
      regions: z.array(z.string()),
      attachTo: z.optional(z.string()),
      limits: z.optional(
        z.array(z.object({ count: z.number(), maxVcpus: z.number(), maxMemoryGib: z.number() })),
      ),
    }),
  ),
});

type Source = z.infer<typeof sourceSchema>;

/** The list of machine types and GPUs from `gcp-machine-types.json` and `gpu-memory.csv`. */
export async function machineTypesBook(folder: string): Promise<CatalogFile> {
  const file = join(folder, 'gcp-machine-types.json');
  const source = sourceSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  const memory = await readSource(folder, 'gpu-memory', ['gpu', 'usableMib']);
  const usable = new Map(memory.map(({ gpu = '', usableMib }) => [gpu, Number(usableMib)]));
  return {
    what: 'machine types and GPUs: shape, where they are offered, what they bring along',
    source:
      'gcloud compute machine-types and accelerator-types list, in Cyclenerd/google-cloud-pricing-cost-calculator dac3128 tools/ (Apache-2.0); limits of attached GPUs: dstackai/gpuhunt 3584151; usable GPU memory: nvidia-smi in huggingface/transformers and SpareCores',
    asOf: source.asOf.machineTypes,
    columns: TYPE_COLUMNS,
    regionSets: Object.fromEntries(
      Object.entries(source.regionSets).map(([name, regions]) => [name, regions.join(' ')]),
    ),
    types: source.types.map(rowOf).sort(),
    gpus: Object.entries(source.accelerators).map(([gpu, { memoryGib, regions, attachTo, limits }]) => ({
      gpu,
      memoryGib,
      ...((usable.get(gpu) ?? 0) > 0 ? { usableMib: usable.get(gpu) ?? 0 } : {}),
      ...(attachTo === undefined ? {} : { attachTo }),
      ...(limits === undefined ? {} : { limits }),
      regions,
    })),
  };
}

function rowOf(type: Source['types'][number]): string {
  const { name, vcpus, memoryGib, regions, gpu = '', gpuCount = 0, localSsdGb = 0 } = type;
  const sold =
    type.consumption === undefined ? (type.deprecated === undefined ? '' : 'deprecated') : 'not-on-demand';
  const billed = type.billedVcpus ?? '';
  return [name, vcpus, memoryGib, regions, gpu, gpuCount || '', localSsdGb || '', billed, sold].join(',');
}
