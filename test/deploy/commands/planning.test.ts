import { describe, expect, it } from 'vitest';
import { estimateCommand } from '../../../deploy/commands/estimate.ts';
import { fitCommand } from '../../../deploy/commands/fit.ts';
import type { Output } from '../../../deploy/commands/planning.ts';

const NOW = new Date('2026-11-26T12:00:00Z');

async function run(command: typeof estimateCommand, ...args: readonly string[]) {
  const said = { out: '', err: '' };
  const output: Output = {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  };
  return { code: await command(args, NOW, output), ...said };
}

describe('npm run estimate', () => {
  const RUN = [
    '--machine-type',
    'n1-standard-8',
    '--gpu-type',
    'nvidia-tesla-t4',
    '--gpu-count',
    '2',
    '--hours',
    '10',
  ];

  it('prints the lines, the total and the other ways as tables, and says how old the prices are', async () => {
    const { code, out, err } = await run(estimateCommand, ...RUN, '--storage-gb', '730');
    expect(code).toBe(0);
    expect(out).toMatch(/^2 x nvidia-tesla-t4 +\$0\.70 +\$7\.00 +\$511\.00 /m);
    expect(out).toMatch(/^total +\$1\.10 +\$11\.00 +\$803\.00$/m);
    expect(out).toMatch(/^AWS g4dn\.12xlarge +us-east-1 +\$39\.12 /m);
    expect(err).toMatch(/^Price books older than 90 days: .*machines\s\(2026-07-30\)/);
    expect(`${out}${err}`.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('gives the whole report as JSON', async () => {
    const { out } = await run(estimateCommand, ...RUN, '--format', 'json');
    expect(JSON.parse(out)).toMatchObject({ kind: 'estimate', region: 'us-central1' });
  });

  it('says what is possible nearby where there is no such machine, and ends with 2', async () => {
    const { code, out, err } = await run(
      estimateCommand,
      '--machine-type',
      'n1-standard-8',
      '--gpu-type',
      'nvidia-l4',
    );
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^Cannot use --machine-type n1-standard-8: allowed\sis[^]*g2-standard-4/);
    expect((await run(estimateCommand)).code).toBe(2);
    expect((await run(estimateCommand, '--machine', 'e2-medium')).err).toMatch(/^Unknown option '--machine'/);
  });
});

describe('what is possible instead, in the terminal', () => {
  const machine = (type: string, ...more: readonly string[]) => ['--machine-type', type, ...more];
  const bad: readonly (readonly [what: string, command: typeof estimateCommand, args: readonly string[]])[] =
    [
      ['a machine that there is not', estimateCommand, machine('a2-highgpu-3g')],
      ['a region without the machine', estimateCommand, machine('a2-highgpu-1g', '--region', 'me-central1')],
      ['a region that there is not', estimateCommand, machine('e2-medium', '--region', 'us-middle1')],
      [
        'a GPU on a machine that takes none',
        estimateCommand,
        machine('e2-medium', '--gpu-type', 'nvidia-l4'),
      ],
      [
        'three T4',
        estimateCommand,
        machine('n1-standard-8', '--gpu-type', 'nvidia-tesla-t4', '--gpu-count', '3'),
      ],
      ['a GPU that there is not', estimateCommand, machine('n1-standard-8', '--gpu-type', 'nvidia-z9')],
      [
        'a disk type that there is not',
        estimateCommand,
        machine('e2-medium', '--disk-gb', '9', '--disk-type', 'x'),
      ],
      ['a model without a size', fitCommand, []],
      ['a task that there is not', fitCommand, ['--parameters', '8e9', '--task', 'sleep']],
      ['a region that fit does not know', fitCommand, ['--parameters', '8e9', '--region', 'us-middle1']],
    ];

  it.each(bad)('for %s is said in 80 columns', async (_, command, args) => {
    const { code, out, err } = await run(command, ...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^Cannot use --/);
    expect(err.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});

describe('npm run fit', () => {
  it('prints memory with its formula, machines and what was assumed', async () => {
    const { code, out } = await run(fitCommand, '--parameters', '8e9', '--task', 'lora', '--tokens', '1e9');
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(code).toBe(0);
    expect(out).toMatch(/^weights +14\.9 GiB +2 B × 8 billion$/m);
    expect(out).toMatch(/^a2-highgpu-1g +1 x a100 +fits +\$3\.67 /m);
    expect(out).toMatch(/^g2-standard-4 +1 x l4 +tight /m);
    expect(out).toMatch(/^Rule of thumb, size × 4: 64 GB, /m);
  });
});
