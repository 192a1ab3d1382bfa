import { customLimits } from '../custom-machine.ts';
import {
  allRegions,
  catalogMachine,
  gpuModel,
  gpuModels,
  machineNames,
  type CatalogMachine,
} from '../machine-catalog.ts';
import { parseMachineType } from '../machine-type.ts';
import { nearest } from './nearest.ts';

/** A machine that a user plans to start. */
export interface Wish {
  readonly machineType: string;
  /** An accelerator type's name; undefined for none beside those of the machine type. */
  readonly gpuType: string | undefined;
  readonly gpuCount: number | undefined;
  /** Undefined for any. */
  readonly region: string | undefined;
}

/** What a wish stands for once it is known to be possible. */
export interface Configuration {
  readonly machineType: string;
  readonly family: string;
  readonly vcpus: number;
  readonly memoryGib: number;
  readonly gpu: { readonly type: string; readonly count: number; readonly attached: boolean } | undefined;
  /** Where machine and GPU are offered, sorted. */
  readonly regions: readonly string[];
  readonly soldOnDemand: boolean;
}

/** Why there is no such machine, and what is possible nearby. */
export interface Impossible {
  readonly parameter: 'machineType' | 'gpuType' | 'gpuCount' | 'region';
  readonly value: string | undefined;
  readonly allowed: string;
}

/** A wish as a machine that can be had, or what is wrong with it: the first of what is. */
export function configurationOf(wish: Wish): Configuration | Impossible {
  const machine = shapeOf(wish.machineType);
  if ('parameter' in machine) return machine;
  const gpu = gpuOf(wish, machine);
  if (gpu !== undefined && 'parameter' in gpu) return gpu;
  const model = gpu?.attached === true ? gpuModel(gpu.type) : undefined;
  const regions =
    model === undefined
      ? machine.regions
      : machine.regions.filter((region) => model.regions.includes(region));
  if (wish.region !== undefined && !regions.includes(wish.region))
    return notOffered(wish.region, wish.machineType, gpu, regions);
  const { name, family, vcpus, memoryGib, sold } = machine;
  return {
    machineType: name,
    family,
    vcpus,
    memoryGib,
    gpu,
    regions: [...regions].sort(),
    soldOnDemand: sold !== 'not-on-demand',
  };
}

type Shape = Pick<
  CatalogMachine,
  'name' | 'family' | 'vcpus' | 'memoryGib' | 'regions' | 'gpu' | 'gpuCount' | 'sold'
>;

function shapeOf(text: string): Shape | Impossible {
  const parsed = parseMachineType(text);
  const predefined = parsed.kind === 'predefined' ? catalogMachine(parsed.name) : undefined;
  if (predefined !== undefined) return predefined;
  if (parsed.kind !== 'custom')
    return {
      parameter: 'machineType',
      value: text,
      allowed: `a machine type such as ${nearest(text, machineNames()).join(', ')}`,
    };
  const { family, vcpus, memoryMib, extendedMemory, name } = parsed;
  const gib = memoryMib / 1024;
  const wrong = (allowed: string): Impossible => ({ parameter: 'machineType', value: text, allowed });
  const limits = customLimits(family);
  const regions = catalogMachine(`${family}-standard-4`)?.regions ?? [];
  if (limits === undefined || regions.length === 0)
    return wrong('a custom type of n1, n2, n2d, e2, n4 or n4d, or a predefined machine type');
  const { maxVcpus, minGibPerVcpu, maxGibPerVcpu, extended } = limits;
  if (vcpus > maxVcpus || (vcpus !== 1 && vcpus % 2 === 1) || vcpus < 1)
    return wrong(`1 or an even number of vCPUs up to ${maxVcpus} for custom types of ${family}`);
  if (memoryMib % 256 !== 0) return wrong('memory in MiB, a multiple of 256');
  if (gib < vcpus * minGibPerVcpu)
    return wrong(`at least ${minGibPerVcpu} GiB a vCPU: ${Math.ceil(vcpus * minGibPerVcpu * 4) * 256} MiB`);
  if (gib > vcpus * maxGibPerVcpu && !(extended && extendedMemory))
    return wrong(
      `at most ${maxGibPerVcpu} GiB a vCPU: ${vcpus * maxGibPerVcpu * 1024} MiB${extended ? ', or extended memory with -ext at the end' : ''}`,
    );
  return { name, family, vcpus, memoryGib: gib, regions, gpu: undefined, gpuCount: 0, sold: 'on-demand' };
}

type Gpu = Configuration['gpu'];

function gpuOf(wish: Wish, machine: Shape): Gpu | Impossible {
  const { gpuType, gpuCount } = wish;
  if (machine.gpu !== undefined) return includedGpu(wish, machine, machine.gpu);
  if (gpuType === undefined)
    return gpuCount === undefined || gpuCount === 0
      ? undefined
      : {
          parameter: 'gpuType',
          value: gpuType,
          allowed: `one of ${attachable().join(', ')} beside gpuCount`,
        };
  const model = gpuModel(gpuType);
  if (model === undefined || !gpuType.startsWith('nvidia-'))
    return {
      parameter: 'gpuType',
      value: gpuType,
      allowed: gpuModels()
        .map(({ gpu }) => gpu)
        .filter((gpu) => gpu.startsWith('nvidia-'))
        .join(', '),
    };
  const { attachTo, limits = [] } = model;
  if (attachTo === undefined)
    return {
      parameter: 'machineType',
      value: wish.machineType,
      allowed: `a machine type that brings ${gpuType} along: ${machinesWith(gpuType, gpuCount)}`,
    };
  if (machine.family !== attachTo)
    return {
      parameter: 'machineType',
      value: wish.machineType,
      allowed: `${gpuType} is attached to ${attachTo} alone, such as ${attachTo}-standard-8`,
    };
  return attachedGpu(gpuType, gpuCount ?? 1, limits, machine);
}

function attachedGpu(
  type: string,
  count: number,
  limits: readonly { readonly count: number; readonly maxVcpus: number; readonly maxMemoryGib: number }[],
  machine: Shape,
): Gpu | Impossible {
  const limit = limits.find((one) => one.count === count);
  const counts = limits.map((one) => one.count);
  if (limit === undefined)
    return { parameter: 'gpuCount', value: String(count), allowed: `${counts.join(', ')} of ${type}` };
  if (machine.vcpus > limit.maxVcpus || machine.memoryGib > limit.maxMemoryGib) {
    const enough = limits.find(
      (one) => one.maxVcpus >= machine.vcpus && one.maxMemoryGib >= machine.memoryGib,
    );
    const more = enough === undefined ? '' : `, or ${enough.count} of them for this machine`;
    return {
      parameter: 'machineType',
      value: machine.name,
      allowed: `with ${count} x ${type} at most ${limit.maxVcpus} vCPUs and ${limit.maxMemoryGib} GiB${more}`,
    };
  }
  return { type, count, attached: true };
}

/** A machine type that brings its GPUs along: naming them as well says nothing new, naming others is a mistake. */
function includedGpu({ gpuType, gpuCount }: Wish, machine: Shape, own: string): Gpu | Impossible {
  const shown = Math.ceil(machine.gpuCount);
  if (gpuType !== undefined && gpuType !== own)
    return {
      parameter: 'gpuType',
      value: gpuType,
      allowed: `${own}, which ${machine.name} brings along, or none; ${gpuType} comes with ${machinesWith(gpuType, gpuCount)}`,
    };
  if (gpuCount !== undefined && gpuCount !== shown)
    return {
      parameter: 'gpuCount',
      value: String(gpuCount),
      allowed: `${shown}, which ${machine.name} has; others: ${machinesWith(own, undefined)}`,
    };
  return { type: own, count: machine.gpuCount, attached: false };
}

const attachable = (): readonly string[] =>
  gpuModels().flatMap(({ gpu, attachTo }) => (attachTo === undefined ? [] : [gpu]));

/** `g2-standard-24 (2)`: the machine types with a GPU, of the desired count where there are some. */
function machinesWith(gpu: string, count: number | undefined): string {
  const model = gpuModel(gpu);
  if (model?.attachTo !== undefined) return `${model.attachTo}, such as ${model.attachTo}-standard-8`;
  const all = machineNames().flatMap((name) => {
    const machine = catalogMachine(name);
    return machine?.gpu === gpu ? [machine] : [];
  });
  const same = all.filter(({ gpuCount }) => gpuCount === count);
  return (
    (same.length > 0 ? same : all).map(({ name, gpuCount }) => `${name} (${gpuCount})`).join(', ') ||
    'no machine type'
  );
}

function notOffered(region: string, machineType: string, gpu: Gpu, regions: readonly string[]): Impossible {
  const known = allRegions();
  if (!known.includes(region))
    return {
      parameter: 'region',
      value: region,
      allowed: `a region such as ${nearest(region, known).join(', ')}, or any`,
    };
  const what = gpu?.attached === true ? `${machineType} with ${gpu.type}` : machineType;
  return {
    parameter: 'region',
    value: region,
    allowed: `a region that offers ${what}: ${[...regions].sort().join(', ') || 'none does'}`,
  };
}
