import type { Model } from './model.ts';

export const tasks = ['full', 'lora', 'qlora', 'pretrain', 'inference'] as const;
export const optimizers = ['adam', 'adam-8bit', 'sgd'] as const;
export const trainPrecisions = ['mixed', 'fp32', 'bf16'] as const;
export const inferencePrecisions = ['bf16', 'fp32', 'fp8', 'int8', 'int4'] as const;
export const shardings = ['none', 'zero2', 'zero3', 'tensor'] as const;
export const recomputes = ['none', 'selective', 'full'] as const;
export const offloads = ['none', 'optimizer', 'all'] as const;

export type Precision = (typeof trainPrecisions)[number] | (typeof inferencePrecisions)[number];

/** What is to be done with a model. */
export interface Job {
  readonly model: Model;
  readonly task: (typeof tasks)[number];
  readonly precision: Precision;
  readonly optimizer: (typeof optimizers)[number];
  /** Sequences a GPU, or at once in inference. */
  readonly batch: number;
  /** Tokens of a sequence, or of prompt and answer. */
  readonly context: number;
  readonly sharding: (typeof shardings)[number];
  readonly recompute: (typeof recomputes)[number];
  readonly offload: (typeof offloads)[number];
  /** Of LoRA adapters. */
  readonly rank: number;
  /** Values that share a scale and a zero point in 4 bit; 0 for none. */
  readonly groupSize: number;
}

export const isTraining = ({ task }: Pick<Job, 'task'>): boolean => task !== 'inference';
export const usesAdapters = ({ task }: Pick<Job, 'task'>): boolean => task === 'lora' || task === 'qlora';

/** Bytes of a value in a precision, without what 4-bit formats keep besides. */
export const BYTES: Readonly<Record<Precision, number>> = {
  mixed: 2,
  fp32: 4,
  bf16: 2,
  fp8: 1,
  int8: 1,
  int4: 0.5,
};

/** A group of 4-bit values shares a scale of 16 bit and a zero point of 4: 4.156 bit with groups of 128. */
export const int4Bytes = (groupSize: number): number => (groupSize === 0 ? 4 : 4 + 20 / groupSize) / 8;
