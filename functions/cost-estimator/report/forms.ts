import { storageClasses } from '../../../shared/prices/bucket-rates.ts';
import { gpuModels } from '../../../shared/prices/machine-catalog.ts';
import { getForm, type FormField } from '../../../shared/report/form.ts';
import type { Markup } from '../../../shared/report/markup.ts';
import { places } from '../estimate/wish.ts';
import {
  inferencePrecisions,
  optimizers,
  recomputes,
  shardings,
  tasks,
  trainPrecisions,
} from '../fit/job.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What was sent, in the fields that the form has; a list of resources does not fit into one. */
function valueOf(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value).slice(0, 200)
    : undefined;
}

const filled = (fields: Fields, all: readonly Omit<FormField, 'value'>[]): readonly FormField[] =>
  all.map((field) => ({ ...field, value: valueOf(fields, field.name) }));

export function estimateForm(fields: Fields): Markup {
  const gpus = gpuModels()
    .map(({ gpu }) => gpu)
    .filter((gpu) => gpu.startsWith('nvidia-'));
  return getForm(
    'A run to price',
    '/',
    'Price this run',
    filled(fields, [
      { name: 'machineType', label: 'Machine type', hint: 'such as n1-standard-8 or g2-standard-12' },
      { name: 'gpuType', label: 'GPU', choices: ['', ...gpus] },
      { name: 'gpuCount', label: 'GPUs a machine', number: true },
      { name: 'count', label: 'Machines', number: true },
      { name: 'hours', label: 'Hours of a run', number: true },
      { name: 'region', label: 'Region', hint: 'such as us-central1, or any for the cheapest' },
      { name: 'spot', label: 'Spot', choices: ['false', 'true'] },
      { name: 'where', label: 'Where it runs', choices: places },
      { name: 'diskGb', label: 'Disk, GB', number: true },
      { name: 'diskType', label: 'Disk type', hint: 'pd-balanced when empty' },
      { name: 'storageGb', label: 'Storage, GB', number: true },
      { name: 'storageClass', label: 'Storage class', choices: ['', ...storageClasses] },
      { name: 'egressGb', label: 'Egress, GB', number: true },
      { name: 'egressTo', label: 'Egress to', hint: 'internet when empty, or a region' },
      { name: 'dataRegion', label: 'Region of the data', hint: 'its transfer is counted' },
    ]),
  );
}

export function fitForm(fields: Fields): Markup {
  const precisions = [...new Set([...trainPrecisions, ...inferencePrecisions])];
  return getForm(
    'A model to fit',
    '/fit',
    'Find the smallest machine',
    filled(fields, [
      { name: 'parameters', label: 'Parameters', hint: 'such as 8e9', number: true },
      { name: 'activeParameters', label: 'Active parameters', hint: 'of a mixture of experts', number: true },
      { name: 'task', label: 'Task', choices: tasks },
      { name: 'precision', label: 'Precision', choices: ['', ...precisions] },
      { name: 'optimizer', label: 'Optimizer', choices: ['', ...optimizers] },
      { name: 'batch', label: 'Sequences on a GPU', number: true },
      { name: 'context', label: 'Tokens a sequence', number: true },
      { name: 'sharding', label: 'Sharding', choices: shardings },
      { name: 'recompute', label: 'Recompute activations', choices: ['', ...recomputes] },
      { name: 'layers', label: 'Layers', number: true },
      { name: 'hidden', label: 'Hidden size', number: true },
      { name: 'heads', label: 'Heads', number: true },
      { name: 'kvHeads', label: 'KV heads', number: true },
      { name: 'vocabulary', label: 'Vocabulary', number: true },
      { name: 'tokens', label: 'Tokens of the run', hint: 'for the price of a run', number: true },
      { name: 'region', label: 'Region' },
    ]),
  );
}
