import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import type { Job } from '../../../../functions/cost-estimator/fit/job.ts';
import { memoryOf, type Memory } from '../../../../functions/cost-estimator/fit/memory.ts';
import { understandModel, type ModelWish } from '../../../../functions/cost-estimator/fit/model.ts';

/** Memory figures that others published, each with its source: measured, computed by a tool, or a rule of thumb. */
interface Point {
  readonly kind: string;
  readonly model: string;
  readonly setting: string;
  readonly published: string;
  readonly unit: string;
  readonly deviationPercent: string;
}
const points: readonly Point[] = parse<Point>(readFileSync(join(import.meta.dirname, 'fit-points.csv')), {
  columns: true,
});

const nothing: ModelWish = {
  parameters: undefined,
  activeParameters: undefined,
  sizeGb: undefined,
  sizeBytesPerParameter: 2,
  layers: undefined,
  hidden: undefined,
  heads: undefined,
  kvHeads: undefined,
  headSize: undefined,
  ffn: undefined,
  vocabulary: undefined,
  tiedEmbeddings: undefined,
  largestLayer: undefined,
};

const qwen = (
  parameters: number,
  layers: number,
  hidden: number,
  kvHeads: number,
  tiedEmbeddings: boolean,
): Partial<ModelWish> => ({
  parameters,
  layers,
  hidden,
  heads: 32,
  kvHeads,
  headSize: 128,
  vocabulary: 151_936,
  tiedEmbeddings,
});
const llama = (parameters: number, layers: number, hidden: number): Partial<ModelWish> => ({
  parameters,
  layers,
  hidden,
  heads: hidden / 128,
  kvHeads: 8,
  headSize: 128,
});

/** The configurations of these models as their config.json says. */
const MODELS: Readonly<Record<string, Partial<ModelWish>>> = {
  'Qwen3-0.6B': qwen(596_049_920, 28, 1024, 8, true),
  'Qwen3-1.7B': qwen(1_720_574_976, 28, 2048, 8, true),
  'Qwen3-4B': qwen(4_022_468_096, 36, 2560, 8, true),
  'Qwen3-8B': qwen(8_190_735_360, 36, 4096, 8, false),
  'Qwen3-14B': qwen(14_768_307_200, 40, 5120, 8, false),
  'Qwen3-32B': qwen(32_762_123_264, 64, 5120, 8, false),
  'Qwen3-30B-A3B': qwen(30_532_122_624, 48, 2048, 4, false),
  'Llama-3.1-8B': llama(8.03e9, 32, 4096),
  'Llama-3.1-70B': llama(70.55e9, 80, 8192),
  'Llama-3.1-405B': llama(405.85e9, 126, 16_384),
  't5-3b (2851M)': { parameters: 2851e6 },
  't5-3b (2851M, largest layer 32M)': { parameters: 2851e6, largestLayer: 32e6 },
  't5-large (737.67M, largest layer 32.9M)': { parameters: 737.67e6, largestLayer: 32.9e6 },
  't5-large': { parameters: 737.67e6, largestLayer: 32.9e6 },
  'bert-base-cased (108.31M)': { parameters: 108.31e6 },
  'bert-base-cased': { parameters: 108.31e6 },
  'idefics-80b-instruct (79.76B)': { parameters: 79.76e9 },
  'idefics-80b-instruct': { parameters: 79.76e9 },
  'timm/resnet50.a1_in1k (25.61M)': { parameters: 25.61e6 },
  'bert-large-uncased (335M)': { parameters: 335e6 },
  'bert-large-uncased': { parameters: 335e6, layers: 24, hidden: 1024, heads: 16 },
  'bloomz-7b1 (7.07B)': { parameters: 7.07e9 },
  'mt0-xxl 12B (12.9B)': { parameters: 12.9e9 },
  'T0_3B (2.85B)': { parameters: 2.85e9 },
  T0_3B: { parameters: 2.85e9 },
  '65B': { parameters: 65e9, layers: 80, hidden: 8192, heads: 64, kvHeads: 64 },
};

const UNITS: Readonly<Record<string, number>> = { MiB: 2 ** 20, GiB: 2 ** 30, GB: 1e9 };

function memory(name: string, job: Partial<Job>, gpus = 1): Memory {
  const understood = understandModel({ ...nothing, ...MODELS[name] });
  if (understood === undefined) throw new Error(`no configuration of ${name}`);
  const base: Job = {
    model: understood.model,
    task: 'inference',
    precision: 'bf16',
    optimizer: 'adam',
    batch: 1,
    context: 1,
    sharding: 'none',
    recompute: 'full',
    offload: 'none',
    rank: 16,
    groupSize: 128,
  };
  return memoryOf({ ...base, ...job }, gpus);
}

const numberIn = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1]?.replace(',', ''));
const bytesOf = ({ parts }: Memory, names: RegExp): number =>
  parts.filter(({ name }) => names.test(name)).reduce((sum, { bytes }) => sum + bytes, 0);

/** What a row published, by our formula. */
function computed({ kind, model, setting }: Point): number {
  switch (kind) {
    case 'inf-bf16':
    case 'inf-fp8':
    case 'inf-int4': {
      const context = numberIn(setting, /, (\d+)\+/) + 2048;
      const precision = ({ 'inf-bf16': 'bf16', 'inf-fp8': 'fp8', 'inf-int4': 'int4' } as const)[kind];
      return memory(model, { precision, context }).lowBytes;
    }
    case 'weights': {
      const precision = /fp32/.test(setting)
        ? 'fp32'
        : /fp8/.test(setting)
          ? 'fp8'
          : /int4/.test(setting)
            ? 'int4'
            : 'bf16';
      // These tables count 4 bits a weight, without the scales.
      return bytesOf(
        memory(model, { precision, groupSize: 0 }),
        /context \+/.test(setting) ? /^weights|CUDA/ : /^weights/,
      );
    }
    case 'kv':
      return bytesOf(memory(model, { context: numberIn(setting, /fp16 (\d+)/) }), /^KV/);
    case 'zero2':
    case 'zero3': {
      const offload = /all on cpu/.test(setting)
        ? 'all'
        : /optimizer (?:on )?cpu/.test(setting)
          ? 'optimizer'
          : 'none';
      return memory(
        model,
        { task: 'full', precision: 'mixed', sharding: kind, offload },
        numberIn(setting, /(\d+) GPUs/),
      ).lowBytes;
    }
    default:
      return memory(model, { task: 'full', precision: 'fp32' }).lowBytes;
  }
}

const PINNED = new Set(['inf-bf16', 'inf-fp8', 'inf-int4', 'weights', 'kv', 'zero2', 'zero3', 'train-fp32']);
const wrongTable = (point: Point): boolean => point.kind === 'kv' && point.model === 'Llama-3.1-405B';
const bertFull = (point: Point): boolean =>
  point.model === 'bert-large-uncased' && point.kind === 'train-fp32';
const pinned = points.filter((point) => PINNED.has(point.kind) && !wrongTable(point) && !bertFull(point));

describe('memory of a job', () => {
  it('has at least 50 rows to meet', () => {
    expect(pinned.length).toBeGreaterThanOrEqual(50);
  });

  it.each(pinned)('$model, $setting: $published $unit within 3 %', (point) => {
    const published = Number(point.published) * (UNITS[point.unit] ?? Number.NaN);
    expect(Math.abs(computed(point) / published - 1)).toBeLessThan(0.03);
  });

  it.each(points.filter(wrongTable))('$model, $setting: half of a table that is wrong', (point) => {
    // Made with 16 KV heads where the model has 8.
    expect(computed(point) / (Number(point.published) * 2 ** 30)).toBeCloseTo(0.5, 2);
  });

  it('has a measured full fine-tune between what is expected and the upper bound', () => {
    const job = { task: 'full', precision: 'fp32', batch: 4, context: 512, recompute: 'none' } as const;
    const { expectedBytes, upperBytes } = memory('bert-large-uncased', job);
    expect(expectedBytes / 2 ** 20).toBeCloseTo(13_080, -2);
    expect(14_949 * 2 ** 20).toBeGreaterThan(expectedBytes);
    expect(14_949 * 2 ** 20).toBeLessThan(upperBytes);
  });

  it.each(points.filter(({ kind }) => kind === 'oom'))(
    '$model: a full fine-tune is above 80 GB',
    ({ model }) => {
      expect(memory(model, { task: 'full', precision: 'fp32' }).lowBytes).toBeGreaterThan(80e9);
    },
  );

  it('fits 65B with QLoRA into 48 GB', () => {
    expect(memory('65B', { task: 'qlora', context: 512 }).upperBytes).toBeLessThan(48e9);
  });

  it.each(points.filter(({ kind, setting }) => kind === 'measured' && !/memory-saving/.test(setting)))(
    '$model, $setting: the upper bound is above $published $unit',
    ({ model, setting, published, unit }) => {
      const task = /QLoRA/.test(setting) ? 'qlora' : /LoRA/.test(setting) ? 'lora' : 'full';
      const tuned = model.startsWith('Llama');
      const gpus = /8 x A100/.test(setting) ? 8 : 1;
      const job = {
        task,
        precision: tuned ? 'mixed' : 'fp32',
        batch: tuned ? 2 : 1,
        context: tuned ? 2048 : 512,
        sharding: gpus === 8 ? 'zero3' : 'none',
      } as const;
      const { upperBytes, lowBytes } = memory(model, job, gpus);
      const bytes = Number(published) * (UNITS[unit] ?? Number.NaN);
      expect(upperBytes).toBeGreaterThan(bytes);
      expect(lowBytes).toBeLessThan(bytes);
    },
  );
});
