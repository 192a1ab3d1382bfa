import * as z from 'zod/mini';
import type { BookFile } from '../../shared/prices/book.ts';
import { pivot, type Cell, type PartAbout } from './pivot.ts';
import { ORIGINS, readSource, type SourceRow } from './source-rows.ts';

const { gcosts, awsGpu, spotinfo, azure } = ORIGINS;

/** Cloud Storage: `STANDARD` a GiB and month, `NEARLINE.retrieval` a GiB; places are bucket locations in small letters. */
export async function storageBook(folder: string): Promise<BookFile> {
  const rows = await readSource(folder, 'gcp-storage-prices', ['storageClass', 'location', 'usdPerGibMonth']);
  const place = (location: string): string =>
    ({ 'us-multi': 'us', 'europe-multi': 'eu', 'asia-multi': 'asia' })[location] ?? location;
  return {
    what: 'Cloud Storage at rest, and retrieval',
    unit: 'USD a GiB and month; of .retrieval a GiB',
    parts: [
      pivot(
        { ...gcosts, usage: 'on-demand', mark: 'verified' },
        rows.flatMap(({ storageClass = '', location = '', usdPerGibMonth = '', retrievalUsdPerGib = '' }) => [
          { name: storageClass, place: place(location), usd: usdPerGibMonth },
          { name: `${storageClass}.retrieval`, place: place(location), usd: retrievalUsdPerGib },
        ]),
      ),
    ],
  };
}

/** Network: `nat-data` a GiB, `external-ip-in-use` an hour, `internet-egress-worldwide.1-10` a GiB of that tier in TiB. */
export async function networkBook(folder: string): Promise<BookFile> {
  const rows = await readSource(folder, 'gcp-network-prices', ['item', 'tierTib', 'region', 'usd', 'doubt']);
  const sure = rows.filter(({ doubt }) => doubt === '');
  const doubtful = rows.filter(({ doubt }) => doubt !== '');
  const nameOf = ({ item = '', tierTib = '' }: SourceRow): string =>
    tierTib === '' ? item : `${item}.${tierTib}`;
  const cell = (row: SourceRow): Cell => ({
    name: nameOf(row),
    place: row['region'] ?? '',
    usd: row['usd'] ?? '',
  });
  const bound = (pick: (...usd: readonly number[]) => number): readonly Cell[] =>
    doubtful.map((row) => {
      const tiers = doubtful.filter((one) => one['item'] === row['item'] && one['region'] === row['region']);
      return { ...cell(row), usd: String(pick(...tiers.map((one) => Number(one['usd'])))) };
    });
  const doubt = 'the tiers do not fall: two lists are mixed, each tier lies between their lowest and highest';
  return {
    what: 'network: internet egress by tier, addresses, Cloud NAT, VPN',
    unit: 'USD a GiB, or an hour of addresses, gateways and tunnels',
    parts: [
      pivot({ ...gcosts, usage: 'on-demand', mark: 'verified' }, sure.map(cell)),
      pivot({ ...gcosts, usage: 'on-demand', mark: 'third-party', doubt }, bound(Math.min)),
      pivot({ ...gcosts, usage: 'on-demand', mark: 'third-party', doubt }, bound(Math.max)),
    ],
  };
}

/** A price book of another cloud with the shapes of its instances. */
export interface CloudFile extends BookFile {
  readonly columns: string;
  readonly shapes: readonly string[];
}

const SHAPE_COLUMNS = 'name,gpu,gpuCount,gpuMemoryGib,vcpus,memoryGib';

function shapesOf(rows: readonly SourceRow[], nameColumn: string): readonly string[] {
  const shape = (row: SourceRow): string =>
    [nameColumn, 'gpu', 'gpuCount', 'gpuMemoryGib', 'vcpus', 'memoryGib']
      .map((column) => row[column] ?? '')
      .join(',');
  return [...new Set(rows.map(shape))].sort();
}

export async function awsBook(folder: string): Promise<CloudFile> {
  const rows = await readSource(folder, 'aws-gpu-prices', ['instanceType', 'region', 'gpu', 'usdPerHour']);
  const cells = (usdOf: (row: SourceRow) => string): readonly Cell[] =>
    rows.map((row) => ({ name: row['instanceType'] ?? '', place: row['region'] ?? '', usd: usdOf(row) }));
  const note = 'list price less the average saving of the Spot Advisor';
  // A saving of less than nothing is of a list price that has fallen since.
  const spot = ({ usdPerHour, spotSavingPercent = '' }: SourceRow): string =>
    !(Number(spotSavingPercent) > 0)
      ? ''
      : (Number(usdPerHour) * (1 - Number(spotSavingPercent) / 100)).toFixed(5);
  const spotAbout: PartAbout = { ...spotinfo, usage: 'spot', mark: 'computed', note };
  return {
    what: 'GPU instances of AWS',
    unit: 'USD an hour',
    columns: SHAPE_COLUMNS,
    shapes: shapesOf(rows, 'instanceType'),
    parts: [
      pivot(
        { ...awsGpu, usage: 'on-demand', mark: 'verified' },
        cells((row) => row['usdPerHour'] ?? ''),
      ),
      pivot(spotAbout, cells(spot)),
    ],
  };
}

export async function azureBook(folder: string): Promise<CloudFile> {
  const rows = await readSource(folder, 'azure-gpu-prices', ['size', 'region', 'gpu', 'usdPerHour']);
  const cells = rows.map(({ size = '', region = '', usdPerHour = '' }) => ({
    name: size,
    place: region,
    usd: usdPerHour,
  }));
  return {
    what: 'GPU sizes of Azure, Linux',
    unit: 'USD an hour',
    columns: SHAPE_COLUMNS,
    shapes: shapesOf(rows, 'size'),
    parts: [pivot({ ...azure, usage: 'on-demand', mark: 'verified' }, cells)],
  };
}

/** What Vertex AI adds to Compute Engine. */
export const vertexSchema = z.strictObject({
  what: z.string(),
  source: z.string(),
  asOf: z.iso.date(),
  onDemandRatio: z.number(),
  feeShare: z.number(),
  seenIn: z.array(z.string()),
});

export type VertexFile = z.infer<typeof vertexSchema>;

/** Throws an Error where the SKUs of the file do not agree on one ratio. */
export async function vertexBook(folder: string): Promise<VertexFile> {
  const rows = await readSource(folder, 'vertex-skus', ['usage', 'region', 'ratioToComputeOnDemand']);
  const one = (pattern: RegExp): number => {
    const ratios = new Set(
      rows
        .filter(({ usage = '' }) => pattern.test(usage))
        .map(({ ratioToComputeOnDemand = '' }) => parseFloat(ratioToComputeOnDemand)),
    );
    const [ratio] = ratios;
    if (ratio === undefined || ratios.size !== 1)
      throw new Error(`Cannot use vertex-skus: ${[...ratios].join(' and ')} for ${pattern.source}`);
    return ratio;
  };
  return {
    what: 'Vertex AI training and prediction: a ratio on demand, and a fee of the on-demand price beside Spot, on cores, memory and GPUs; local SSD is not on its on-demand bill',
    ...ORIGINS.vertexBill,
    onDemandRatio: one(/(?:training|prediction) on demand$/),
    feeShare: one(/management fee/),
    seenIn: ['us-central1'],
  };
}
