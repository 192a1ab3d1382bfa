import { describe, expect, it } from 'vitest';
import {
  DESTINATIONS,
  DISKS,
  FAMILIES,
  GPUS,
  NETWORK,
  TPUS,
  WHOLE,
} from '../../../deploy/prices/catalog/sku-names.ts';
import { allRegions } from '../../../shared/prices/machine-catalog.ts';
import type { Listed } from '../../support/catalog-sku.ts';
import { refresh } from './refreshed.ts';

const everywhere = { regions: [...allRegions(), 'us', 'europe', 'asia', 'us-central2'] };
const storage = { unit: 'GiBy.mo', service: 'storage' } as const;

function both(listed: Listed): readonly Listed[] {
  const description = `Spot Preemptible ${listed.description}`;
  return [
    { ...listed, ...everywhere },
    { ...listed, ...everywhere, description },
  ];
}

const units = Object.keys(FAMILIES).flatMap((name) => [
  ...both({ description: `${name} Instance Core running in Americas`, usd: 0.03 }),
  ...both({ description: `${name} Instance Ram running in Americas`, usd: 0.004, unit: 'GiBy.h' }),
]);

const classes = ['Standard', 'Nearline', 'Coldline', 'Archive'].flatMap((name): readonly Listed[] => [
  { description: `${name} Storage Iowa`, usd: 0.01, ...storage, ...everywhere },
  { description: `${name} Data Retrieval`, usd: 0.01, service: 'storage', unit: 'GiBy', region: 'global' },
]);

const skus: readonly Listed[] = [
  ...units,
  ...both({
    description: 'Custom Extended Instance Ram running in Americas',
    usd: 0.00955,
    unit: 'GiBy.h',
  }),
  ...[...Object.keys(GPUS), ...Object.keys(WHOLE)].flatMap((name) =>
    both({ description: `${name} running in Americas`, usd: 1 }),
  ),
  ...Object.keys(TPUS).flatMap((name) => both({ description: `${name} running in Americas`, usd: 4 })),
  ...Object.keys(DISKS).flatMap((name) => both({ description: name, usd: 0.1, unit: 'GiBy.mo' })),
  ...Object.entries(NETWORK).map(([description, { unit }]) => ({
    description,
    usd: 0.01,
    unit,
    ...everywhere,
  })),
  ...Object.keys(DESTINATIONS).map((to) => ({
    description: `Network Internet Data Transfer Out from Americas to ${to}`,
    usd: 0.1,
    unit: 'GiBy',
    ...everywhere,
  })),
  ...classes,
];

describe('a catalog that has every name', () => {
  it('has something for all that the books hold but GPUs and IOPS whose names no source confirms', () => {
    const { kept } = refresh(skus);
    expect(kept.filter((line) => line.includes('nothing in the catalog for'))).toEqual([
      expect.stringMatching(/^gpu-prices: .* for nvidia-b200, as of/),
      expect.stringMatching(/^disk-prices: .* for hyperdisk-extreme.iops, pd-extreme.iops, as of/),
    ]);
  });
});
