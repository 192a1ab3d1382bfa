import { catalogMachine } from '../../../shared/prices/machine-catalog.ts';
import type { Cheaper } from '../../../shared/prices/planning/cheaper-machine.ts';
import { shellWord } from '../../../shared/report/shell-word.ts';
import type { MachineFacts } from '../facts.ts';

/** `g2-standard-8`, or `n1-standard-4 with 1 x nvidia-tesla-t4`. */
export function namesOf({ machineType, gpu }: Cheaper): string {
  return gpu === undefined || bringsGpus(machineType)
    ? machineType
    : `${machineType} with ${gpu.count} x ${gpu.type}`;
}

/** The commands that make a GPU machine smaller; words in capitals stand for what only the user can choose. */
export function resize(
  machine: MachineFacts,
  smaller: Cheaper | undefined,
  project: string,
): readonly string[] {
  const { kind, zone, running } = machine;
  const name = shellWord(machine.name);
  const isNotebook = kind === 'notebook';
  const changesType =
    smaller !== undefined && bringsGpus(smaller.machineType) && bringsGpus(machine.machineType);
  const group = isNotebook ? 'workbench' : 'compute';
  const end = `${isNotebook ? '--location' : '--zone'}=${zone} --project=${shellWord(project)}`;
  const stop = running ? [`gcloud ${group} instances stop ${name} ${end}`] : [];
  const start = running ? [`gcloud ${group} instances start ${name} ${end}`] : [];
  if (isNotebook)
    return [
      ...stop,
      `gcloud workbench instances update ${name} ${notebookFlags(machine, smaller)} ${end}`,
      ...start,
    ];
  if (changesType)
    return [
      ...stop,
      `gcloud compute instances set-machine-type ${name} --machine-type=${smaller.machineType} ${end}`,
      ...start,
    ];
  // gcloud changes no GPUs that are attached to a VM: an image of it becomes a smaller one.
  return [
    ...stop,
    `gcloud compute machine-images create NEW_IMAGE --source-instance=${name} --source-instance-zone=${zone} --project=${shellWord(project)}`,
    `gcloud compute instances create NEW_VM --source-machine-image=NEW_IMAGE ${vmFlags(machine, smaller)} ${end}`,
  ];
}

function notebookFlags({ gpus: [gpu] }: MachineFacts, smaller: Cheaper | undefined): string {
  if (smaller === undefined)
    return gpu === undefined || gpu.count === 1 || !WORKBENCH_GPUS.has(acceleratorType(gpu.type))
      ? '--machine-type=SMALLER_MACHINE_TYPE'
      : `--accelerator-type=${acceleratorType(gpu.type)} --accelerator-core-count=${half(gpu.count)}`;
  const { machineType, gpu: desired } = smaller;
  return desired === undefined || bringsGpus(machineType)
    ? `--machine-type=${machineType}`
    : `--machine-type=${machineType} --accelerator-type=${acceleratorType(desired.type)} --accelerator-core-count=${desired.count}`;
}

function vmFlags({ machineType, gpus: [gpu] }: MachineFacts, smaller: Cheaper | undefined): string {
  if (smaller === undefined)
    return bringsGpus(machineType) || gpu === undefined
      ? '--machine-type=SMALLER_MACHINE_TYPE'
      : `--accelerator=type=${gpu.count === 1 ? 'SMALLER_GPU' : gpu.type},count=${half(gpu.count)}`;
  const { machineType: type, gpu: desired } = smaller;
  return desired === undefined || bringsGpus(type)
    ? `--machine-type=${type}`
    : `--machine-type=${type} --accelerator=type=${desired.type},count=${desired.count}`;
}

/** A machine type such as a2-highgpu-1g, whose GPUs come with it. */
function bringsGpus(machineType: string): boolean {
  return catalogMachine(machineType)?.gpu !== undefined;
}

function half(count = 1): number {
  return Math.max(1, Math.floor(count / 2));
}

/** Which `gcloud workbench instances update` takes (528). */
const WORKBENCH_GPUS: ReadonlySet<string> = new Set([
  ...['NVIDIA_L4', 'NVIDIA_TESLA_A100', 'NVIDIA_A100_80GB', 'NVIDIA_H100_80GB', 'NVIDIA_H100_MEGA_80GB'],
  ...['NVIDIA_TESLA_K80', 'NVIDIA_TESLA_P4', 'NVIDIA_TESLA_P100', 'NVIDIA_TESLA_T4', 'NVIDIA_TESLA_V100'],
]);

/** As the Notebooks API names it. */
function acceleratorType(gpu: string): string {
  return gpu.toUpperCase().replaceAll('-', '_');
}
