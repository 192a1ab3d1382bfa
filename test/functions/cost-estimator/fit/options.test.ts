import { describe, expect, it } from 'vitest';
import type { FitReport } from '../../../../functions/cost-estimator/decide.ts';
import { fit } from '../../../support/request-estimate.ts';

type Query = Readonly<Record<string, string>>;

const MODEL = { layers: '32', hidden: '4096', heads: '32', kvHeads: '8', vocabulary: '128256' };
const upper = (query: Query): number => fit({ ...MODEL, ...query }).memory.upperBytes;

/** What one GPU of eight holds. */
function onEight(query: Query): number {
  const { fits, tight, sharded } = fit({ ...MODEL, ...query });
  const tier = [...fits, ...tight, ...sharded].find(({ gpusPerNode, nodes }) => gpusPerNode * nodes === 8);
  if (tier === undefined) throw new Error('no tier of eight GPUs');
  return tier.memory.upperBytes;
}

describe('every option of a fit takes less memory than the one before', () => {
  const orders: readonly (readonly [option: string, queries: readonly Query[]])[] = [
    ['task', ['pretrain', 'lora', 'qlora'].map((task) => ({ task, recompute: 'full' }))],
    ['optimizer', ['adam', 'sgd', 'adam-8bit'].map((optimizer) => ({ optimizer }))],
    [
      'precision of training',
      ['mixed', 'fp32', 'bf16'].map((precision) => ({ precision, recompute: 'full' })),
    ],
    [
      'precision of inference',
      ['fp32', 'bf16', 'fp8', 'int4'].map((precision) => ({ task: 'inference', precision })),
    ],
    ['recompute', ['none', 'selective', 'full'].map((recompute) => ({ recompute, context: '4096' }))],
    ['offload', ['none', 'optimizer'].map((offload) => ({ offload }))],
    ['batch', ['8', '1'].map((batch) => ({ batch }))],
    ['context', ['8192', '1024'].map((context) => ({ context }))],
    ['rank', ['256', '8'].map((rank) => ({ rank, task: 'lora' }))],
    ['kvHeads', ['32', '8'].map((kvHeads) => ({ kvHeads, task: 'inference', context: '32768' }))],
    ['groupSize', ['32', '128'].map((groupSize) => ({ groupSize, task: 'qlora' }))],
  ];

  it.each(orders)('%s', (_option, queries) => {
    const bytes = queries.map(upper);
    expect(bytes).toEqual([...bytes].sort((a, b) => b - a));
    expect(new Set(bytes).size).toBe(bytes.length);
  });

  it('sharding: none on each GPU, ZeRO-2, ZeRO-3, tensor parallel', () => {
    const small = { layers: '16', hidden: '2048', recompute: 'full' };
    const [none, zero2, zero3] = ['none', 'zero2', 'zero3'].map((sharding) =>
      onEight({ ...small, sharding }),
    );
    expect(zero2).toBeLessThan(none ?? 0);
    expect(zero3).toBeLessThan(zero2 ?? 0);
    const served = { task: 'inference', context: '32768' };
    expect(onEight({ ...served, sharding: 'tensor' })).toBeLessThan(
      onEight({ ...served, sharding: 'none' }) / 4,
    );
  });
});

describe('a model', () => {
  it('of 16 GB in bf16 is one of 8 billion parameters, of 16 GB in int8 one of 16 billion', () => {
    const parameters = (query: Query): number => fit(query).job.model.parameters;
    expect(parameters({ sizeGb: '16', sizePrecision: 'bf16' })).toBe(8e9);
    expect(parameters({ sizeGb: '16', sizePrecision: 'int8' })).toBe(16e9);
  });

  it('with experts takes the memory of all of them and the time of those that a token uses', () => {
    const dense = fit({ parameters: '30.5e9', tokens: '1e9', task: 'lora' });
    const experts = fit({ parameters: '30.5e9', activeParameters: '3.3e9', tokens: '1e9', task: 'lora' });
    expect(experts.memory).toEqual(dense.memory);
    const hours = ({ fits }: FitReport): number => fits[0]?.run?.hours.high ?? Number.NaN;
    expect(hours(experts) / hours(dense)).toBeCloseTo(3.3 / 30.5, 6);
    expect(experts.fits[0]?.run?.formula).toMatch(/^6 × 3300000000 active parameters × /);
    expect(() => fit({ parameters: '8e9', activeParameters: '9e9' })).toThrow(/activeParameters/);
  });

  it('is compared with the rule of thumb, size × 4, which rule=seed puts first', () => {
    const { seedRule, rule } = fit({ sizeGb: '10', sizePrecision: 'fp32', task: 'full', rule: 'seed' });
    expect([rule, seedRule.needGb]).toEqual(['seed', 40]);
    expect(fit({ parameters: '4e11' }).seedRule).toMatchObject({ verdict: 'none', machineType: undefined });
  });
});
