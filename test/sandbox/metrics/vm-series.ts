import { createHash } from 'node:crypto';
import type { Labelled, Series } from '../services/monitoring/series.ts';
import { shapeSeries, type ShapeSeriesOptions } from './shape-series.ts';
import type { Load, Shape } from './shapes.ts';

export interface VmSeriesOptions {
  readonly projectId: string;
  readonly zone: string;
  /** The numeric id that the `instance_id` label carries. */
  readonly instanceId: string;
  readonly instanceName: string;
  readonly load: Load;
  /** How many GPUs a single `gpus` shape stands for, and their model. */
  readonly accelerators?: readonly { readonly type: string; readonly count: number }[];
  readonly startMs: number;
  /** Whether the VM ran at that moment: no metric has a point when it did not. */
  readonly runningAt: (atMs: number) => boolean;
  /** Make these metrics only. */
  readonly metricType?: string;
}

const BYTES = { min: 0, max: Infinity };
const SAMPLE_SECONDS = 60;
const toBytesPerSample = (bytesPerSecond: number): number => bytesPerSecond * SAMPLE_SECONDS;

type Part = Pick<ShapeSeriesOptions, 'metricType' | 'metricLabels' | 'shape' | 'range' | 'convert'>;

/** The time series of a VM: CPU, network, uptime, and disk and GPU where its load has them. */
export function vmSeries(options: VmSeriesOptions): Series[] {
  const { projectId, zone, instanceId, startMs, runningAt } = options;
  const resource: Labelled = {
    type: 'gce_instance',
    labels: { project_id: projectId, instance_id: instanceId, zone },
  };
  return [...instanceParts(options), ...gpuParts(options)]
    .filter(({ metricType }) => options.metricType === undefined || metricType === options.metricType)
    .flatMap((part) =>
      shapeSeries({
        ...part,
        resource,
        startMs,
        presentAt: runningAt,
        // Used and free memory are one signal.
        seed: JSON.stringify([instanceId, part.metricType, { ...part.metricLabels, memory_state: '' }]),
      }),
    );
}

function instanceParts({ instanceName, load }: VmSeriesOptions): Part[] {
  const named = { instance_name: instanceName };
  const bytes = (name: string, shape: Shape, labels: Readonly<Record<string, string>>): Part => ({
    metricType: `compute.googleapis.com/instance/${name}`,
    metricLabels: { ...named, ...labels },
    shape,
    range: BYTES,
    convert: toBytesPerSample,
  });
  const jupyter = (
    name: string,
    shape: Shape,
    metricLabels: Readonly<Record<string, string>> = {},
  ): Part => ({
    metricType: `custom.googleapis.com/notebooks/${name}`,
    metricLabels,
    shape,
    range: { min: -1, max: Infinity },
  });
  const notBalanced = { loadbalanced: 'false' };
  const disk = { device_name: instanceName, storage_type: 'pd-balanced', device_type: 'permanent' };
  return [
    {
      metricType: 'compute.googleapis.com/instance/cpu/utilization',
      metricLabels: named,
      shape: load.cpu,
      range: { min: 0, max: 1 },
    },
    {
      metricType: 'compute.googleapis.com/instance/uptime',
      metricLabels: named,
      shape: { shape: 'constant', value: SAMPLE_SECONDS, gaps: [] },
      range: { min: 0, max: SAMPLE_SECONDS },
    },
    bytes('network/sent_bytes_count', load.networkSent, notBalanced),
    bytes('network/received_bytes_count', load.networkReceived, notBalanced),
    bytes('disk/read_bytes_count', load.diskRead, disk),
    bytes('disk/write_bytes_count', load.diskWrite, disk),
    jupyter('kernels', load.kernels),
    jupyter('terminals', load.terminals),
    jupyter('jupyterlab_kernels', load.busyKernels, { execution_state: 'busy' }),
  ];
}

function gpuParts({ instanceId, load, accelerators = [] }: VmSeriesOptions): Part[] {
  const types = accelerators.flatMap(({ type, count }) => Array<string>(count).fill(type));
  // A machine type such as a2-highgpu-1g brings GPUs that nothing lists as accelerators.
  const shared = (shape: Shape): readonly Shape[] => Array<Shape>(Math.max(types.length, 1)).fill(shape);
  const shapes = Array.isArray(load.gpus) ? load.gpus : shared(load.gpus);
  return shapes.flatMap((shape, index): Part[] => {
    const { memoryBytes, ...known } = gpuModel(types[index] ?? types[0]);
    const model = load.gpuModel ?? known.model;
    const labels = { gpu_number: String(index), model, uuid: gpuUuid(instanceId, index) };
    const memory = (state: 'used' | 'free'): Part => ({
      metricType: 'agent.googleapis.com/gpu/memory/bytes_used',
      metricLabels: { ...labels, memory_state: state },
      shape: load.gpuMemory,
      range: { min: 0, max: 1 },
      convert: (used) => Math.round((state === 'used' ? used : 1 - used) * memoryBytes),
    });
    return [
      {
        metricType: 'agent.googleapis.com/gpu/utilization',
        metricLabels: labels,
        shape,
        range: { min: 0, max: 100 },
      },
      {
        metricType: 'custom.googleapis.com/instance/gpu/utilization',
        metricLabels: labels,
        shape: load.legacyGpus,
        range: { min: 0, max: 100 },
      },
      memory('used'),
      memory('free'),
    ];
  });
}

const GIB = 2 ** 30;

/** NVML's product names and memory of the accelerator types that the scenarios use. */
const GPU_MODELS: Readonly<Record<string, { readonly model: string; readonly memoryBytes: number }>> = {
  'nvidia-tesla-t4': { model: 'Tesla T4', memoryBytes: 16 * GIB },
  'nvidia-tesla-v100': { model: 'Tesla V100-SXM2-16GB', memoryBytes: 16 * GIB },
  'nvidia-l4': { model: 'NVIDIA L4', memoryBytes: 24 * GIB },
  'nvidia-tesla-a100': { model: 'NVIDIA A100-SXM4-40GB', memoryBytes: 40 * GIB },
  'nvidia-a100-80gb': { model: 'NVIDIA A100-SXM4-80GB', memoryBytes: 80 * GIB },
  'nvidia-h100-80gb': { model: 'NVIDIA H100 80GB HBM3', memoryBytes: 80 * GIB },
};

/** The API writes accelerator types as `nvidia-tesla-t4`, as `NVIDIA_TESLA_T4` or as a URL that ends so. */
function gpuModel(acceleratorType = 'nvidia-tesla-a100'): { model: string; memoryBytes: number } {
  const key = (acceleratorType.split('/').at(-1) ?? '').toLowerCase().replaceAll('_', '-');
  return GPU_MODELS[key] ?? { model: key, memoryBytes: 16 * GIB };
}

function gpuUuid(instanceId: string, index: number): string {
  const hex = createHash('sha256').update(`${instanceId}/${index}`).digest('hex');
  return `GPU-${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
