import { BadParameter } from '../../../shared/report/bad-parameter.ts';
import { storageClasses } from '../../../shared/prices/bucket-rates.ts';
import { pricedDiskTypes } from '../../../shared/prices/disk-price.ts';
import { canonicalName } from '../../../shared/prices/machine-type.ts';
import { places, type EstimateWish, type ResourceWish } from '../estimate/wish.ts';
import {
  booleanField,
  checkNames,
  choiceField,
  numberField,
  objectOf,
  textField,
  type Given,
} from './fields.ts';

const COMMON = [
  'hours',
  'region',
  'spot',
  'where',
  'dataRegion',
  'dataGb',
  'restartShare',
  'format',
  'table',
];
const MACHINE = ['machineType', 'gpuType', 'gpuCount', 'count'];
const FLAT = [...MACHINE, 'storageGb', 'storageClass', 'diskGb', 'diskType', 'egressGb', 'egressTo'];

/** The parameters of a GET, in the order of the documentation. */
export const ESTIMATE_PARAMETERS: readonly string[] = [...FLAT, ...COMMON];

const KINDS = ['machine', 'disk', 'storage', 'egress'] as const;

const HOURS = { min: 0.01, max: 87_600, unit: 'hours' };
const GB = { min: 0.001, max: 1e9, unit: 'GB' };
const COUNT = { min: 1, max: 10_000, whole: true, unit: 'machines' };
const DEFAULT_HOURS = 24;
const DEFAULT_RESTART_SHARE = 0.1;
const MAX_RESOURCES = 50;

/** The run that a query or a body describes. Throws `BadParameter` for what cannot be read of it. */
export function readEstimate(fields: Readonly<Record<string, unknown>>): EstimateWish {
  const given: Given = { fields, at: '' };
  checkNames(given, [...ESTIMATE_PARAMETERS, 'resources']);
  const hours = numberField(given, 'hours', HOURS);
  const resources = [
    ...flatResources(given, hours ?? DEFAULT_HOURS),
    ...listed(fields['resources'], hours ?? DEFAULT_HOURS),
  ];
  if (resources.length === 0)
    throw new BadParameter(
      'machineType',
      undefined,
      'a machine type such as n1-standard-8, or storageGb, diskGb, egressGb, or a list of resources',
    );
  checkDistinct(resources);
  const stored = resources.reduce((sum, one) => sum + (one.kind === 'storage' ? one.sizeGb : 0), 0);
  const region = textField(given, 'dataRegion', 'a region such as us-central1');
  return {
    resources,
    region: textField(given, 'region', 'a region such as us-central1, or any'),
    spot: booleanField(given, 'spot') ?? false,
    where: choiceField(given, 'where', places) ?? 'compute',
    data: region === undefined ? undefined : { region, sizeGb: numberField(given, 'dataGb', GB) ?? stored },
    restartShare:
      numberField(given, 'restartShare', { min: 0, max: 1, unit: 'shares of the run' }) ??
      DEFAULT_RESTART_SHARE,
    assumed: hours === undefined ? [`the run takes ${DEFAULT_HOURS} hours`] : [],
  };
}

/** Lines are told apart by the names of their resources. */
function checkDistinct(resources: readonly ResourceWish[]): void {
  const seen = new Set<string>();
  for (const { at, name } of resources) {
    if (seen.has(name)) throw new BadParameter(`${at}name`, name, 'another name: each resource has its own');
    seen.add(name);
  }
}

function flatResources(given: Given, hours: number): readonly ResourceWish[] {
  const { fields } = given;
  const named = MACHINE.some((name) => (fields[name] ?? '') !== '' && name !== 'count');
  const storage = numberField(given, 'storageGb', GB);
  const disk = numberField(given, 'diskGb', GB);
  const egress = numberField(given, 'egressGb', GB);
  return [
    ...(named ? [machineOf(given, hours)] : []),
    ...(disk === undefined ? [] : [diskOf(given, disk, hours)]),
    ...(storage === undefined ? [] : [storageOf(given, storage, hours)]),
    ...(egress === undefined ? [] : [egressOf(given, egress, 'egressTo')]),
  ];
}

function listed(value: unknown, hours: number): readonly ResourceWish[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_RESOURCES)
    throw new BadParameter('resources', value, `a list of 1 to ${MAX_RESOURCES} resources`);
  return value.map((item: unknown, index): ResourceWish => {
    const fields = objectOf(item, `resources[${index}]`);
    const given: Given = { fields, at: `resources[${index}].` };
    const kind = choiceField(given, 'kind', KINDS) ?? 'machine';
    const own = numberField(given, 'hours', HOURS) ?? hours;
    const common = ['kind', 'name', 'hours'];
    switch (kind) {
      case 'machine':
        checkNames(given, [...common, ...MACHINE]);
        return machineOf(given, own);
      case 'disk':
        checkNames(given, [...common, 'diskType', 'sizeGb', 'count']);
        return diskOf(given, required(given), own);
      case 'storage':
        checkNames(given, [...common, 'storageClass', 'location', 'sizeGb']);
        return storageOf(given, required(given), own);
      case 'egress':
        checkNames(given, [...common, 'sizeGb', 'to']);
        return egressOf(given, required(given), 'to');
    }
  });
}

function required(given: Given): number {
  const sizeGb = numberField(given, 'sizeGb', GB);
  if (sizeGb === undefined) throw new BadParameter(`${given.at}sizeGb`, undefined, 'a number of GB');
  return sizeGb;
}

const nameOf = (given: Given, kind: string): string =>
  textField(given, 'name', 'a name without spaces, such as worker') ??
  (given.at === '' ? kind : `${kind}-${given.at.replace(/\D/g, '')}`);

function machineOf(given: Given, hours: number): ResourceWish {
  const machineType = textField(given, 'machineType', 'a machine type such as n1-standard-8');
  if (machineType === undefined)
    throw new BadParameter(`${given.at}machineType`, undefined, 'a machine type such as n1-standard-8');
  const gpuType = textField(given, 'gpuType', 'an accelerator type such as nvidia-tesla-t4');
  const gpuCount = numberField(given, 'gpuCount', { min: 0, max: 64, whole: true, unit: 'GPUs' });
  return {
    kind: 'machine',
    at: given.at,
    name: nameOf(given, 'machine'),
    machineType,
    gpuType: gpuType === undefined || gpuCount === 0 ? undefined : canonicalName(gpuType),
    gpuCount: gpuCount === 0 ? undefined : gpuCount,
    count: numberField(given, 'count', COUNT) ?? 1,
    hours,
  };
}

function diskOf(given: Given, sizeGb: number, hours: number): ResourceWish {
  const diskType = canonicalName(
    textField(given, 'diskType', 'a disk type such as pd-balanced') ?? 'pd-balanced',
  );
  const types = pricedDiskTypes();
  if (!types.includes(diskType) && !diskType.startsWith('hyperdisk-'))
    throw new BadParameter(`${given.at}diskType`, diskType, types.join(', '));
  const count = given.at === '' ? 1 : (numberField(given, 'count', COUNT) ?? 1);
  return { kind: 'disk', at: given.at, name: nameOf(given, 'disk'), diskType, sizeGb, count, hours };
}

function storageOf(given: Given, sizeGb: number, hours: number): ResourceWish {
  return {
    kind: 'storage',
    at: given.at,
    name: nameOf(given, 'bucket'),
    storageClass: choiceField(given, 'storageClass', storageClasses) ?? 'STANDARD',
    location: textField(given, 'location', 'a location of Cloud Storage such as us-central1 or EU'),
    sizeGb,
    hours,
  };
}

function egressOf(given: Given, sizeGb: number, field: string): ResourceWish {
  const to = textField(given, field, 'internet, australia, china, or a region') ?? 'internet';
  return { kind: 'egress', at: given.at, name: nameOf(given, 'egress'), sizeGb, to };
}
