import { lazyBook } from '../book.ts';
import type { BookDate } from '../age/book-age.ts';
import awsJson from '../books/aws-prices.json' with { type: 'json' };
import azureJson from '../books/azure-prices.json' with { type: 'json' };
import { priceOf, unpriced, type Price } from '../price.ts';

const withoutShapes = ({ what, unit, parts }: typeof awsJson | typeof azureJson): object => ({
  what,
  unit,
  parts,
});

const CLOUDS = {
  aws: { name: 'AWS', book: lazyBook(withoutShapes(awsJson)), shapes: awsJson.shapes },
  azure: { name: 'Azure', book: lazyBook(withoutShapes(azureJson)), shapes: azureJson.shapes },
} as const;

/** What another cloud calls a GPU, and how much memory it has, where it is sold under one name with two. */
const NAMES: Readonly<Record<string, readonly { readonly gpu: string; readonly memoryGib?: number }[]>> = {
  'nvidia-tesla-t4': [{ gpu: 'T4' }],
  'nvidia-tesla-v100': [{ gpu: 'V100', memoryGib: 16 }, { gpu: 'V100' }],
  'nvidia-l4': [{ gpu: 'L4' }],
  'nvidia-tesla-a100': [{ gpu: 'A100', memoryGib: 40 }],
  'nvidia-a100-80gb': [{ gpu: 'A100', memoryGib: 80 }, { gpu: 'A100 80GB' }],
  'nvidia-h100-80gb': [{ gpu: 'H100' }, { gpu: 'H100 NVL' }],
  'nvidia-h100-mega-80gb': [{ gpu: 'H100' }],
  'nvidia-h200-141gb': [{ gpu: 'H200' }],
  'nvidia-b200': [{ gpu: 'B200' }],
  'nvidia-rtx-pro-6000': [{ gpu: 'RTX PRO 6000' }],
};

/** The region of another cloud on the same part of a continent, by the start of Google's region. */
const REGIONS: readonly (readonly [start: string, aws: string, azure: string])[] = [
  ['us-west', 'us-west-2', 'westus2'],
  ['us-', 'us-east-1', 'eastus'],
  ['northamerica-', 'ca-central-1', 'canadacentral'],
  ['southamerica-', 'sa-east-1', 'brazilsouth'],
  ['europe-west2', 'eu-west-2', 'uksouth'],
  ['europe-west3', 'eu-central-1', 'germanywestcentral'],
  ['europe-north', 'eu-north-1', 'swedencentral'],
  ['europe-', 'eu-west-1', 'westeurope'],
  ['asia-northeast3', 'ap-northeast-2', 'koreacentral'],
  ['asia-northeast', 'ap-northeast-1', 'japaneast'],
  ['asia-south1', 'ap-south-1', 'centralindia'],
  ['asia-south2', 'ap-south-1', 'centralindia'],
  ['asia-', 'ap-southeast-1', 'southeastasia'],
  ['australia-', 'ap-southeast-2', 'australiaeast'],
  ['me-', 'me-central-1', 'uaenorth'],
  ['africa-', 'af-south-1', 'southafricanorth'],
];

/** What a job needs of a machine. */
export interface Needed {
  readonly gpu: string | undefined;
  readonly gpuCount: number;
  readonly vcpus: number;
  readonly region: string;
}

/** The nearest machine of another cloud; `instance` is undefined where its table has none. */
export interface CloudOffer {
  readonly cloud: string;
  readonly instance: string | undefined;
  readonly region: string | undefined;
  readonly gpuCount: number;
  readonly vcpus: number;
  readonly usdPerHour: Price;
  readonly spotUsdPerHour: Price;
}

/** The nearest machine of AWS and of Azure, by GPU and count: list prices of a dated table. */
export function otherClouds(needed: Needed): readonly CloudOffer[] {
  return (['aws', 'azure'] as const).map((cloud) => offerOf(cloud, needed));
}

interface Instance {
  readonly name: string;
  readonly gpuCount: number;
  readonly vcpus: number;
}

function offerOf(cloud: 'aws' | 'azure', needed: Needed): CloudOffer {
  const { name, book } = CLOUDS[cloud];
  const found = instancesFor(cloud, needed);
  const home = homeOf(cloud, needed.region);
  for (const instance of found) {
    const places = book().placesOf('on-demand', instance.name);
    const region = places.includes(home) ? home : places[0];
    const usd = region === undefined ? undefined : book().find('on-demand', instance.name, region);
    if (region === undefined || usd === undefined) continue;
    const spot = book().find('spot', instance.name, region);
    return {
      cloud: name,
      instance: instance.name,
      region,
      gpuCount: instance.gpuCount,
      vcpus: instance.vcpus,
      usdPerHour: priceOf(usd),
      spotUsdPerHour: spot === undefined ? unpriced(`no Spot price of ${name} in the table`) : priceOf(spot),
    };
  }
  const why =
    needed.gpu === undefined
      ? `the table of ${name} has GPU instances only`
      : `the table of ${name} has no ${needed.gpuCount} x ${needed.gpu}`;
  return {
    cloud: name,
    instance: undefined,
    region: undefined,
    gpuCount: 0,
    vcpus: 0,
    usdPerHour: unpriced(why),
    spotUsdPerHour: unpriced(why),
  };
}

/** Those with the GPU, at least as many: the fewest first, then the nearest number of vCPUs. */
function instancesFor(cloud: 'aws' | 'azure', { gpu, gpuCount, vcpus }: Needed): readonly Instance[] {
  const names = gpu === undefined ? [] : (NAMES[gpu] ?? []);
  const far = (instance: Instance): number => Math.abs(instance.vcpus - vcpus);
  return CLOUDS[cloud].shapes
    .flatMap((row) => {
      const [name = '', model, count, memoryGib, cores] = row.split(',');
      const same = names.some(
        (one) => one.gpu === model && (one.memoryGib === undefined || one.memoryGib === Number(memoryGib)),
      );
      return same && Number(count) >= gpuCount
        ? [{ name, gpuCount: Number(count), vcpus: Number(cores) }]
        : [];
    })
    .sort((a, b) => a.gpuCount - b.gpuCount || far(a) - far(b) || (a.name < b.name ? -1 : 1));
}

function homeOf(cloud: 'aws' | 'azure', region: string): string {
  const row = REGIONS.find(([start]) => region.startsWith(start));
  return (cloud === 'aws' ? row?.[1] : row?.[2]) ?? '';
}

/** The days of the tables. */
export const cloudDates = (): readonly BookDate[] =>
  [CLOUDS.aws, CLOUDS.azure].map(({ name, book }) => [name, book().asOf]);
