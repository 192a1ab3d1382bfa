import { allRegions } from '../../shared/prices/machine-catalog.ts';
import { configurationOf, type Configuration } from '../../shared/prices/planning/configuration.ts';
import { nearest } from '../../shared/prices/planning/nearest.ts';
import { BadParameter } from '../../shared/report/bad-parameter.ts';
import { chooseFormat } from '../../shared/report/formats.ts';
import { Refusal, type Incoming } from '../../shared/run/handle-request.ts';
import type { EstimateTask } from './estimate/decide-estimate.ts';
import type { Resource } from './estimate/lines.ts';
import type { EstimateWish, MachineWish } from './estimate/wish.ts';
import type { FitWish } from './fit/decide-fit.ts';
import { readEstimate } from './request/estimate-request.ts';
import { objectOf } from './request/fields.ts';
import { readFit, type FitRequest } from './request/fit-request.ts';

/** Tables of a CSV answer. */
export const csvTables = ['lines', 'comparison', 'tiers'] as const;
export type CsvTable = (typeof csvTables)[number];

type Question =
  | { readonly kind: 'estimate'; readonly wish: EstimateWish }
  | { readonly kind: 'fit'; readonly wish: FitRequest };

/** What a request names. */
export type Requested = Question & {
  /** As it was sent, for the form of the page. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly format: (typeof FORMATS)[number];
  readonly table: CsvTable;
};

/** A question about machines that there are, in a region that there is. */
export type Config =
  | { readonly kind: 'estimate'; readonly task: EstimateTask }
  | { readonly kind: 'fit'; readonly wish: FitWish; readonly rule: 'seed' | undefined };

const FORMATS = ['json', 'html', 'csv'] as const;

/** Checks the request. Throws `BadParameter`, `NotAcceptable`, `Refusal`. */
export function readRequest({ method, path, query, body, accept }: Incoming): Requested {
  const kind = kindOf(path);
  const format = chooseFormat({ parameter: query['format'], accept }, FORMATS);
  const sent = method === 'POST' ? { ...query, ...objectOf(body, 'the body') } : query;
  const names = Object.keys(sent).filter((name) => name !== 'format');
  // Opened in a browser without anything, the page shows an example and its form.
  const fields = names.length === 0 && format === 'html' ? EXAMPLES[kind] : sent;
  const about = { fields, format, table: tableOf(kind, fields['table']) };
  return kind === 'fit'
    ? { kind, wish: readFit(fields), ...about }
    : { kind, wish: readEstimate(fields), ...about };
}

const EXAMPLES: Readonly<Record<Question['kind'], Readonly<Record<string, unknown>>>> = {
  estimate: {
    machineType: 'n1-standard-8',
    gpuType: 'nvidia-tesla-t4',
    gpuCount: '1',
    hours: '24',
    storageGb: '500',
  },
  fit: { parameters: '8e9', task: 'lora' },
};

function kindOf(path: string): Question['kind'] {
  if (path === '/' || path === '') return 'estimate';
  if (path === '/fit' || path === '/fit/') return 'fit';
  throw new Refusal(
    404,
    `Cannot find ${JSON.stringify(path.slice(0, 100))}: there is / for an estimate and /fit`,
  );
}

function tableOf(kind: Question['kind'], parameter: unknown): CsvTable {
  const tables = csvTables.filter((table) => (table === 'tiers') === (kind === 'fit'));
  const [first = 'lines'] = tables;
  if (parameter === undefined || parameter === '') return first;
  const found = tables.find((table) => table === parameter);
  if (found === undefined) throw new BadParameter('table', parameter, tables.join(', '));
  return found;
}

/** Joins request and policy: machines that exist and a region that offers them all. Throws `BadParameter`. */
export function configure(requested: Requested, defaultRegion: string): Config {
  if (requested.kind === 'fit') {
    const { region = defaultRegion, rule, ...wish } = requested.wish;
    if (!allRegions().includes(region))
      throw new BadParameter(
        'region',
        region,
        `a region such as ${nearest(region, allRegions()).join(', ')}`,
      );
    return { kind: 'fit', wish: { ...wish, region }, rule };
  }
  const { wish } = requested;
  const region = wish.region ?? defaultRegion;
  const resources = wish.resources.map((one): Resource =>
    one.kind === 'machine'
      ? { wish: one, configuration: possible(one, region) }
      : { wish: one, configuration: undefined },
  );
  for (const one of wish.resources) if (one.kind === 'egress') checkDestination(one.at, one.to);
  if (wish.data !== undefined) checkRegion('dataRegion', wish.data.region);
  const regions = commonRegions(resources);
  if (regions.length === 0)
    throw new BadParameter('region', region, 'no region offers all of these machines: ask for fewer at once');
  if (region !== 'any') checkRegion('region', region);
  return { kind: 'estimate', task: { wish, resources, regions, region } };
}

function possible(wish: MachineWish, region: string): Configuration {
  const { machineType, gpuType, gpuCount, at } = wish;
  const found = configurationOf({
    machineType,
    gpuType,
    gpuCount,
    region: region === 'any' ? undefined : region,
  });
  if ('allowed' in found) throw new BadParameter(`${at}${found.parameter}`, found.value, found.allowed);
  return found;
}

function commonRegions(resources: readonly Resource[]): readonly string[] {
  return resources.reduce<readonly string[]>(
    (regions, { configuration }) =>
      configuration === undefined
        ? regions
        : regions.filter((region) => configuration.regions.includes(region)),
    allRegions(),
  );
}

function checkRegion(parameter: string, region: string): void {
  if (!allRegions().includes(region))
    throw new BadParameter(
      parameter,
      region,
      `a region such as ${nearest(region, allRegions()).join(', ')}${parameter === 'region' ? ', or any' : ''}`,
    );
}

function checkDestination(at: string, to: string): void {
  if (['internet', 'australia', 'china'].includes(to)) return;
  checkRegion(at === '' ? 'egressTo' : `${at}to`, to);
}
