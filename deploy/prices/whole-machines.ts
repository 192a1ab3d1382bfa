import { readBook, type Book, type BookFile, type BookPart, type Usage } from '../../shared/prices/book.ts';
import { HOURS_PER_MONTH } from '../../shared/prices/quantities.ts';
import { machineTypesBook } from './machine-types.ts';
import { pivot, type Cell } from './pivot.ts';
import { ORIGINS, readSource, type SourceRow } from './source-rows.ts';

const { gcosts, skypilot } = ORIGINS;

/** Relative: what the sources' own rounding to ten digits leaves. */
const SAME = 1e-7;

interface Shape {
  readonly family: string;
  readonly vcpus: number;
  readonly memoryGib: number;
  readonly localSsdGb: number;
  readonly plain: boolean;
}

/** The parts of the book of whole machines: only what cores, memory and local SSD do not add up to. */
export async function wholeMachineParts(
  folder: string,
  unitFile: BookFile,
  diskFile: BookFile,
): Promise<BookPart[]> {
  const rows = await readSource(folder, 'gcp-machine-prices', ['machineType', 'region', 'spotUsdPerHour']);
  const hosts = await readSource(folder, 'gcp-host-prices', ['machineType', 'region', 'hostUsdPerHour']);
  const gpus = await readSource(folder, 'gcp-gpu-prices', ['gpu', 'region', 'usdPerHour', 'spotUsdPerHour']);
  const [units, disks] = [readBook(unitFile), readBook(diskFile)];
  const shapes = await shapesByName(folder);
  const own = (usage: Usage): readonly Cell[] =>
    rows
      .map((row) => cellOf(row, usage))
      .filter((cell) => {
        const shape = shapes.get(cell.name);
        const sum = shape && sumOfUnits(shape, cell.place, usage, units, disks);
        return sum === undefined || Math.abs(sum - Number(cell.usd)) > SAME * sum;
      });
  const [onDemand, spot] = [own('on-demand'), own('spot')];
  const shared = ({ name }: Cell): boolean => G4_PARTS.has(name);
  return [
    pivot(
      { ...gcosts, usage: 'on-demand', mark: 'verified' },
      onDemand.filter((cell) => !shared(cell)),
    ),
    pivot({ ...gcosts, usage: 'on-demand', mark: 'third-party', doubt: G4_DOUBT }, onDemand.filter(shared)),
    pivot({ ...skypilot, usage: 'on-demand', mark: 'third-party', doubt: G4_DOUBT }, wholeCards(onDemand)),
    pivot(
      { ...gcosts, usage: 'spot', mark: 'verified' },
      spot.filter((cell) => !shared(cell)),
    ),
    pivot({ ...gcosts, usage: 'spot', mark: 'third-party', doubt: G4_DOUBT }, spot.filter(shared)),
    pivot({ ...gcosts, usage: 'spot', mark: 'third-party', doubt: G4_DOUBT }, wholeCards(spot)),
    ...sumsOfHosts(hosts, gpus, disks),
  ];
}

async function shapesByName(folder: string): Promise<ReadonlyMap<string, Shape>> {
  const { types } = await machineTypesBook(folder);
  return new Map(
    types.map((row) => {
      const [name = '', vcpus, memoryGib, , gpu, , localSsdGb, billed] = row.split(',');
      const shape = {
        family: name.replace(/-.*/, ''),
        vcpus: Number(billed) || Number(vcpus),
        memoryGib: Number(memoryGib),
        localSsdGb: Number(localSsdGb),
        plain: gpu === '',
      };
      return [name, shape];
    }),
  );
}

function cellOf(row: SourceRow, usage: Usage): Cell {
  const { machineType = '', region = '', usdPerHour = '', spotUsdPerHour = '' } = row;
  return { name: machineType, place: region, usd: usage === 'spot' ? spotUsdPerHour : usdPerHour };
}

/** The reference that the look-up must meet: written apart from it, so that each checks the other. */
function sumOfUnits(
  shape: Shape,
  region: string,
  usage: Usage,
  units: Book,
  disks: Book,
): number | undefined {
  const vcpu = units.find(usage, `${shape.family}.vcpu`, region);
  const gib = units.find(usage, `${shape.family}.gib`, region);
  if (!shape.plain || vcpu === undefined || gib === undefined) return undefined;
  const sum = shape.vcpus * vcpu.low + shape.memoryGib * gib.low;
  if (shape.localSsdGb === 0) return sum;
  const ssd =
    disks.find(usage, `local-ssd-${shape.family}`, region) ??
    (disks.names(usage).includes(`local-ssd-${shape.family}`)
      ? undefined
      : disks.find(usage, 'local-ssd', region));
  return ssd && sum + (shape.localSsdGb * ssd.low) / HOURS_PER_MONTH;
}

const G4_PARTS = new Set(['g4-standard-6', 'g4-standard-12', 'g4-standard-24']);
const G4_DOUBT =
  'sources disagree: a part of a card (low), or a whole card with every size (high; SkyPilot pull request 10533: g4-standard-6 1.518 in us-central1)';

/**
 * What the small g4 machines cost if each has a whole card: 1.518 for g4-standard-6 beside 4.49993 for g4-standard-48 in
 * us-central1, and the host in proportion to its vCPUs; elsewhere in proportion to g4-standard-48.
 */
function wholeCards(cells: readonly Cell[]): readonly Cell[] {
  const [smallest, whole] = [1.518, 4.49993];
  return cells
    .filter(({ name }) => name === 'g4-standard-48')
    .flatMap(({ place, usd }) =>
      [...G4_PARTS].map((name) => {
        const vcpus = Number(name.replace(/^.*-/, ''));
        const share = (smallest + ((vcpus - 6) / 42) * (whole - smallest)) / whole;
        return { name, place, usd: (Number(usd) * share).toFixed(6) };
      }),
    );
}

const ULTRA_DOUBT =
  'sources disagree: host, GPUs and local SSD add up to more than a published price of 84.8069 in us-central1';

/** a3 machines that no source prices whole: host, GPUs and local SSD together. Hosts are the same in a3 high and mega. */
function sumsOfHosts(
  hosts: readonly SourceRow[],
  gpus: readonly SourceRow[],
  disks: Book,
): readonly BookPart[] {
  const sums = (
    name: string,
    usage: Usage,
    parts: { host: string; times: number; gpu: string; ssdGb: number },
  ): readonly Cell[] =>
    hosts
      .filter(({ machineType }) => machineType === parts.host)
      .flatMap((row) => {
        const region = row['region'] ?? '';
        const card = gpus.find((one) => one['gpu'] === parts.gpu && one['region'] === region);
        const gpu = Number(card?.[usage === 'spot' ? 'spotUsdPerHour' : 'usdPerHour']);
        const host = Number(row[usage === 'spot' ? 'hostSpotUsdPerHour' : 'hostUsdPerHour']);
        const ssd = disks.find(usage, 'local-ssd', region);
        if (!(gpu > 0) || !(host > 0) || ssd === undefined) return [];
        const usd = parts.times * host + 8 * gpu + (parts.ssdGb * ssd.low) / HOURS_PER_MONTH;
        return [{ name, place: region, usd: usd.toFixed(5) }];
      });
  const mega = { host: 'a3-highgpu-1g', times: 8, gpu: 'nvidia-h100-mega-80gb', ssdGb: 6000 };
  const ultra = { host: 'a3-ultragpu-8g', times: 1, gpu: 'nvidia-h200-141gb' };
  const bare = { ...ultra, ssdGb: 0 };
  const full = { ...ultra, ssdGb: 12_000 };
  const note = 'host, GPUs and local SSD added up';
  const both = (usage: Usage): readonly BookPart[] => [
    pivot({ ...skypilot, usage, mark: 'computed', note }, sums('a3-megagpu-8g', usage, mega)),
    pivot({ ...skypilot, usage, mark: 'computed', note, doubt: ULTRA_DOUBT }, [
      ...sums('a3-ultragpu-8g', usage, full),
      ...sums('a3-ultragpu-8g-nolssd', usage, bare),
    ]),
    pivot(
      { ...skypilot, usage, mark: 'computed', note, doubt: ULTRA_DOUBT },
      sums('a3-ultragpu-8g', usage, bare),
    ),
  ];
  return [
    ...both('on-demand'),
    pivot(
      {
        source: 'an undated copy of a published price list, taken to be as old as the oldest source here',
        asOf: skypilot.asOf,
        usage: 'on-demand',
        mark: 'third-party',
        doubt: ULTRA_DOUBT,
      },
      [
        { name: 'a3-ultragpu-8g', place: 'us-central1', usd: '84.8069' },
        { name: 'a3-ultragpu-8g-nolssd', place: 'us-central1', usd: '83.4918' },
      ],
    ),
    ...both('spot'),
  ];
}
