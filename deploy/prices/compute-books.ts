import type { BookFile } from '../../shared/prices/book.ts';
import { pivot, type Cell, type PartAbout } from './pivot.ts';
import { wholeMachineParts } from './whole-machines.ts';
import { ORIGINS, readSource, type SourceRow } from './source-rows.ts';

const { gcosts, infracost, karpenter, skypilot, gpuhunt } = ORIGINS;

const column =
  (nameOf: (row: SourceRow) => string, usd: string) =>
  (row: SourceRow): Cell => ({ name: nameOf(row), place: row['region'] ?? '', usd: row[usd] ?? '' });

/** vCPU and GiB of memory by family: `n2.vcpu`, `n2.gib`; of custom types `n1-custom.vcpu`; extended memory `n1-custom.gib-extended`. */
export async function unitBook(folder: string): Promise<BookFile> {
  const rows = await readSource(folder, 'gcp-unit-prices', ['family', 'region', 'spotUsdPerGibHour']);
  const cells = (vcpu: string, gib: string): readonly Cell[] => [
    ...rows.map(column(({ family }) => `${family ?? ''}.vcpu`, vcpu)),
    ...rows.map(column(({ family }) => `${family ?? ''}.gib`, gib)),
  ];
  const note = 'solved from two shapes or more of the family';
  return {
    what: 'vCPUs and memory by machine family',
    unit: 'USD a vCPU-hour or GiB-hour',
    parts: [
      pivot(
        { ...gcosts, usage: 'on-demand', mark: 'computed', note },
        cells('usdPerVcpuHour', 'usdPerGibHour'),
      ),
      pivot(
        { ...gcosts, usage: 'spot', mark: 'computed', note },
        cells('spotUsdPerVcpuHour', 'spotUsdPerGibHour'),
      ),
      pivot({ ...infracost, usage: 'on-demand', mark: 'verified' }, [
        { name: 'n1-custom.gib-extended', place: 'us-central1', usd: '0.00955' },
      ]),
    ],
  };
}

/** Whole machines that the units do not give: with GPUs, of families that have one shape, and where sources disagree. */
export async function machineBook(folder: string, units: BookFile, disks: BookFile): Promise<BookFile> {
  return {
    what: 'whole machines, with the GPUs and local SSDs that they bring along',
    unit: 'USD an hour',
    parts: await wholeMachineParts(folder, units, disks),
  };
}

/** GPUs: attached to n1, or the part of the whole machine that is its GPUs. */
export async function gpuBook(folder: string): Promise<BookFile> {
  const rows = await readSource(folder, 'gcp-gpu-prices', ['gpu', 'region', 'usdPerHour', 'spotUsdPerHour']);
  const part = (about: PartAbout, wants: (row: SourceRow) => boolean, usd = 'usdPerHour') =>
    pivot(about, rows.filter(wants).map(column(({ gpu }) => gpu ?? '', usd)));
  const from =
    (start: string, key = 'source') =>
    (row: SourceRow): boolean =>
      row[key]?.startsWith(start) === true;
  const rest = 'the whole machine less host and local SSD';
  return {
    what: 'GPUs',
    unit: 'USD a GPU-hour',
    parts: [
      part({ ...gcosts, usage: 'on-demand', mark: 'computed', note: rest }, from('gcosts')),
      part({ ...karpenter, usage: 'on-demand', mark: 'computed', note: rest }, from('karpenter')),
      part({ ...skypilot, usage: 'on-demand', mark: 'verified' }, from('skypilot')),
      part({ ...gcosts, usage: 'spot', mark: 'computed' }, from('gcosts', 'spotSource'), 'spotUsdPerHour'),
      part(
        { ...skypilot, usage: 'spot', mark: 'verified' },
        from('skypilot', 'spotSource'),
        'spotUsdPerHour',
      ),
    ],
  };
}

/** Disks a GB and month: `pd-ssd`, `local-ssd`, `pd-extreme.iops` an IOPS and month. */
export async function diskBook(folder: string): Promise<BookFile> {
  const rows = await readSource(folder, 'gcp-disk-prices', ['diskType', 'region', 'usdPerGbMonth']);
  const name = ({ diskType }: SourceRow): string => diskType ?? '';
  return {
    what: 'disks and snapshots',
    unit: 'USD a GB and month; of .iops an IOPS and month',
    parts: [
      pivot(
        { ...gcosts, usage: 'on-demand', mark: 'verified' },
        rows.filter((row) => name(row) !== 'snapshot').map(column(name, 'usdPerGbMonth')),
      ),
      pivot({ ...gcosts, usage: 'spot', mark: 'verified' }, rows.map(column(name, 'spotUsdPerGbMonth'))),
      pivot(
        {
          ...gcosts,
          usage: 'on-demand',
          mark: 'third-party',
          note: 'an older source has about half of it (0.026 in us-central1)',
        },
        rows.filter((row) => name(row) === 'snapshot').map(column(name, 'usdPerGbMonth')),
      ),
      pivot({ ...infracost, usage: 'on-demand', mark: 'verified' }, [
        { name: 'pd-extreme.iops', place: 'us-central1', usd: '0.065' },
        { name: 'hyperdisk-extreme.iops', place: 'us-central1', usd: '0.032' },
      ]),
    ],
  };
}

/** TPUs a chip-hour, their host included: `v5e`. */
export async function tpuBook(folder: string): Promise<BookFile> {
  const rows = await readSource(folder, 'gcp-tpu-prices', ['tpu', 'region', 'usdPerChipHour', 'source']);
  const parts = (['skypilot', 'gpuhunt'] as const).flatMap((source) => {
    const own = rows.filter((row) => row['source'] === source);
    const origin = source === 'skypilot' ? skypilot : gpuhunt;
    const name = ({ tpu }: SourceRow): string => tpu ?? '';
    return [
      pivot({ ...origin, usage: 'on-demand', mark: 'verified' }, own.map(column(name, 'usdPerChipHour'))),
      pivot({ ...origin, usage: 'spot', mark: 'verified' }, own.map(column(name, 'spotUsdPerChipHour'))),
    ];
  });
  return { what: 'TPUs', unit: 'USD a chip-hour', parts };
}
