import { BadParameter } from '../../../shared/report/bad-parameter.ts';
import type { FitWish } from '../fit/decide-fit.ts';
import {
  BYTES,
  inferencePrecisions,
  isTraining,
  offloads,
  optimizers,
  recomputes,
  shardings,
  tasks,
  trainPrecisions,
  type Job,
} from '../fit/job.ts';
import { understandModel, type ModelWish } from '../fit/model.ts';
import { booleanField, checkNames, choiceField, numberField, textField, type Given } from './fields.ts';

const MODEL = [
  ...[
    'parameters',
    'activeParameters',
    'sizeGb',
    'sizePrecision',
    'layers',
    'hidden',
    'heads',
    'kvHeads',
    'headSize',
    'ffn',
  ],
  ...['vocabulary', 'tiedEmbeddings', 'largestLayer'],
];
const JOB = [
  ...['task', 'precision', 'optimizer', 'batch', 'context', 'sharding', 'recompute', 'offload', 'rank'],
  'groupSize',
];
/** The parameters of a fit, in the order of the documentation. */
export const FIT_PARAMETERS: readonly string[] = [
  ...MODEL,
  ...JOB,
  ...['region', 'tokens', 'tflops', 'rule', 'format', 'table'],
];

/** The most that is read: beyond it a value is a mistake. */
const whole = (max: number, unit: string, min = 1) => ({ min, max, unit, whole: true });

/** What a request says; the region may still be the policy's. */
export interface FitRequest extends Omit<FitWish, 'region'> {
  readonly region: string | undefined;
  /** The rule of thumb stands first in the answer. */
  readonly rule: 'seed' | undefined;
}

/** The job that a query or a body describes. Throws `BadParameter` for what cannot be read of it. */
export function readFit(fields: Readonly<Record<string, unknown>>): FitRequest {
  const given: Given = { fields, at: '' };
  checkNames(given, FIT_PARAMETERS);
  const wish = modelOf(given);
  const understood = understandModel(wish);
  if (understood === undefined)
    throw new BadParameter(
      'parameters',
      undefined,
      'parameters such as 8e9, or sizeGb, or layers and hidden',
    );
  const { model, assumed } = understood;
  if (model.heads > model.hidden)
    throw new BadParameter('heads', String(model.heads), `at most the hidden size, ${model.hidden}`);
  const { activeParameters } = wish;
  if (activeParameters !== undefined && activeParameters > model.parameters)
    throw new BadParameter(
      'activeParameters',
      String(activeParameters),
      `at most the parameters of the whole model, ${model.parameters}`,
    );
  if (model.kvHeads > model.heads)
    throw new BadParameter('kvHeads', String(model.kvHeads), `at most as many as heads, ${model.heads}`);
  const job = { ...jobOf(given), model };
  const bytes = isTraining(job) ? 2 : BYTES[job.precision];
  return {
    job,
    assumed,
    region: textField(given, 'region', 'a region such as us-central1'),
    tokens: numberField(given, 'tokens', { min: 1, max: 1e16, unit: 'tokens' }),
    tflops: numberField(given, 'tflops', { min: 0.1, max: 10_000, unit: 'TFLOP/s' }),
    rule: choiceField(given, 'rule', ['seed'] as const),
    sizeGb: wish.sizeGb ?? (model.parameters * bytes) / 1e9,
  };
}

function modelOf(given: Given): ModelWish {
  const size = choiceField(given, 'sizePrecision', inferencePrecisions) ?? 'bf16';
  return {
    parameters: numberField(given, 'parameters', { min: 1e5, max: 1e14, unit: 'parameters' }),
    activeParameters: numberField(given, 'activeParameters', { min: 1e5, max: 1e14, unit: 'parameters' }),
    sizeGb: numberField(given, 'sizeGb', { min: 0.001, max: 1e5, unit: 'GB' }),
    sizeBytesPerParameter: BYTES[size],
    layers: numberField(given, 'layers', whole(2_000, 'layers')),
    hidden: numberField(given, 'hidden', whole(200_000, 'values', 8)),
    heads: numberField(given, 'heads', whole(2_000, 'heads')),
    kvHeads: numberField(given, 'kvHeads', whole(2_000, 'heads')),
    headSize: numberField(given, 'headSize', whole(4_096, 'values')),
    ffn: numberField(given, 'ffn', whole(1_000_000, 'values')),
    vocabulary: numberField(given, 'vocabulary', whole(2_000_000, 'tokens')),
    tiedEmbeddings: booleanField(given, 'tiedEmbeddings'),
    largestLayer: numberField(given, 'largestLayer', { min: 1, max: 1e12, unit: 'parameters' }),
  };
}

function jobOf(given: Given): Omit<Job, 'model'> {
  const task = choiceField(given, 'task', tasks) ?? 'full';
  const training = isTraining({ task });
  const precision = training
    ? (choiceField(given, 'precision', trainPrecisions) ?? 'mixed')
    : (choiceField(given, 'precision', inferencePrecisions) ?? 'bf16');
  const sharding = choiceField(given, 'sharding', training ? shardings : (['none', 'tensor'] as const));
  return {
    task,
    precision,
    optimizer: choiceField(given, 'optimizer', optimizers) ?? 'adam',
    batch: numberField(given, 'batch', whole(100_000, 'sequences')) ?? 1,
    context: numberField(given, 'context', whole(20_000_000, 'tokens')) ?? (training ? 2_048 : 4_096),
    sharding: sharding ?? 'none',
    recompute:
      choiceField(given, 'recompute', recomputes) ??
      (task === 'lora' || task === 'qlora' ? 'full' : 'selective'),
    offload: choiceField(given, 'offload', offloads) ?? 'none',
    rank: numberField(given, 'rank', whole(1_024, 'ranks')) ?? 16,
    groupSize: numberField(given, 'groupSize', whole(4_096, 'values', 0)) ?? 128,
  };
}
