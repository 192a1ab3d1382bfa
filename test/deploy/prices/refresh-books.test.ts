import { describe, expect, it } from 'vitest';
import type { Usage } from '../../../shared/prices/book.ts';
import type { Listed } from '../../support/catalog-sku.ts';
import { refresh } from './refreshed.ts';

const GIB = { unit: 'GiBy.mo', service: 'storage' } as const;

describe('other books from the catalog', () => {
  it('takes storage of regions, multi-regions and predefined pairs, and no early deletion', () => {
    const { find, problems, prices } = refresh([
      { description: 'Standard Storage London', usd: 0.024, region: 'europe-west2', ...GIB },
      { description: 'Standard Storage US Multi-region', usd: 0.027, region: 'us', ...GIB },
      { description: 'Nearline Storage Europe Multi-region', usd: 0.014, region: 'europe', ...GIB },
      {
        description: 'Standard Storage Belgium/London Dual-region',
        usd: 0.0276,
        regions: ['europe-west1', 'europe-west2'],
        ...GIB,
      },
      { description: 'Archive Storage Iowa/South Carolina Dual-region', usd: 0.0029, region: 'nam4', ...GIB },
      {
        description: 'Nearline Storage London (Early Delete)',
        usd: 0.0004,
        region: 'europe-west2',
        unit: 'GiBy.d',
        service: 'storage',
      },
      { description: 'Autoclass Standard Storage London', usd: 0.023, region: 'europe-west2', ...GIB },
      {
        description: 'Coldline Data Retrieval',
        usd: 0.03,
        region: 'global',
        unit: 'GiBy',
        service: 'storage',
      },
    ]);
    expect(problems).toEqual([]);
    const low = (name: string, place: string) => find('storage-prices', 'on-demand', name, place)?.low;
    expect(low('STANDARD', 'europe-west2')).toBe(0.024);
    expect(low('STANDARD', 'us')).toBe(0.027);
    expect(low('NEARLINE', 'eu')).toBe(0.014);
    expect(low('ARCHIVE', 'nam4')).toBe(0.0029);
    expect([low('COLDLINE.retrieval', 'us-east4'), low('COLDLINE.retrieval', 'eur4')]).toEqual([0.03, 0.03]);
    expect(prices).toBeGreaterThan(48);
  });

  it('takes internet traffic by the tiers of a month, addresses, NAT and VPN everywhere', () => {
    const tiers = {
      unit: 'GiBy',
      freeUpTo: 1,
      more: [
        { from: 1024, usd: 0.115 },
        { from: 10240, usd: 0.085 },
      ],
    };
    const { find, problems } = refresh([
      { description: 'Network Internet Data Transfer Out from Americas to Americas', usd: 0.125, ...tiers },
      { description: 'Network Internet Data Transfer Out from Americas to EMEA', usd: 0.13, ...tiers },
      {
        description: 'Network Internet Data Transfer Out from Frankfurt to China',
        usd: 0.23,
        unit: 'GiBy',
        region: 'europe-west3',
      },
      {
        description: 'Networking Cloud Nat Data Processing',
        usd: 0.046,
        unit: 'GiBy',
        region: 'global',
        service: 'networking',
      },
      { description: 'External IP Charge on a Standard VM', usd: 0.006, region: 'global', freeUpTo: 744 },
    ]);
    expect(problems).toEqual([]);
    const low = (name: string, place?: string) => find('network-prices', 'on-demand', name, place)?.low;
    expect(['0-1', '1-10', '10n'].map((tier) => low(`internet-egress-worldwide.${tier}`))).toEqual([
      0.125, 0.115, 0.085,
    ]);
    expect(low('internet-egress-china.10n', 'europe-west3')).toBe(0.23);
    expect([low('nat-data'), low('nat-data', 'me-west1')]).toEqual([0.046, 0.046]);
    expect(low('external-ip-in-use', 'asia-east1')).toBe(0.006);
  });

  it('does not choose between two lists of internet prices of one region', () => {
    const { problems, find } = refresh([
      {
        description: 'Network Internet Data Transfer Out from APAC to Americas',
        usd: 0.12,
        unit: 'GiBy',
        region: 'asia-east1',
      },
      {
        description: 'Network Internet Data Transfer Out from Taiwan to Americas',
        usd: 0.085,
        unit: 'GiBy',
        region: 'asia-east1',
      },
    ]);
    expect(problems).toHaveLength(3);
    expect(find('network-prices', 'on-demand', 'internet-egress-worldwide.10n', 'asia-east1')).toMatchObject({
      low: 0.085,
      asOf: '2026-07-30',
    });
  });

  it('takes TPUs a chip: those of the first generations are boards of four', () => {
    const { find, problems } = refresh([
      { description: 'TpuV5e running in Delhi', usd: 1.44132, region: 'asia-south2' },
      {
        description: 'TpuV5e attached to Spot Preemptible VMs running in Singapore',
        usd: 0.78,
        usageType: 'Preemptible',
        region: 'asia-southeast1',
      },
      { description: 'Reserved TpuV5p in Delhi in Calendar Mode', usd: 2.94, region: 'asia-south2' },
      { description: 'TPU7x running in Americas', usd: 12, regions: ['us-west1', 'us-central1'] },
      { description: 'TPU-v2 Accelerator USA', usd: 4.5, service: 'tpu' },
      { description: 'Tpu-v4 Pod Accelerator USA', usd: 12.88, service: 'tpu', region: 'us-central2' },
      { description: 'Tpu-v2 Pod Accelerator USA', usd: 24, service: 'tpu' },
    ]);
    expect(problems).toEqual([]);
    const low = (usage: Usage, name: string, place: string) => find('tpu-prices', usage, name, place)?.low;
    expect(low('on-demand', 'v5e', 'asia-south2')).toBe(1.44132);
    expect(low('spot', 'v5e', 'asia-southeast1')).toBe(0.78);
    expect(low('on-demand', '7x', 'us-central1')).toBe(12);
    expect(low('on-demand', 'v2', 'us-central1')).toBe(1.125);
    expect(low('on-demand', 'v4', 'us-central2')).toBe(3.22);
    expect(low('on-demand', 'v5p', 'asia-south2')).toBeUndefined();
  });

  it('compares the prices of Vertex AI with Compute Engine, and does not choose between two ratios', () => {
    const skus: readonly Listed[] = [
      { description: 'Nvidia H100 80GB GPU running in Americas', usd: 9.79655 },
      {
        description: 'A3 Instance Core running in Americas',
        usd: 0.025498,
        regions: ['us-central1', 'us-east4'],
      },
      {
        description: 'Vertex AI: Training/Pipelines on NVIDIA H100 80GB in Iowa',
        usd: 11.756,
        service: 'vertex',
      },
      {
        description: 'Vertex AI: Online/Batch Prediction A3 Predefined Instance Core running in Virginia',
        usd: 0.0305976,
        region: 'us-east4',
        service: 'vertex',
      },
      {
        description: 'Vertex AI: Training/Pipelines management fee on A3 Instance Core in Iowa',
        usd: 0.0050996,
        service: 'vertex',
      },
    ];
    const { books, changes, problems } = refresh(skus);
    expect(problems).toEqual([]);
    expect(books['vertex-prices']).toMatchObject({
      onDemandRatio: 1.2,
      feeShare: 0.2,
      seenIn: ['us-central1', 'us-east4'],
      asOf: '2026-11-26',
    });
    expect(changes).toContain('Vertex AI onDemandRatio: 1.15 -> 1.2');
    const two = refresh([
      ...skus,
      {
        description: 'Vertex AI: Training/Pipelines on A3 Instance Core in Iowa',
        usd: 0.0293227,
        service: 'vertex',
      },
    ]);
    expect(two.problems).toEqual([
      expect.stringMatching(/^Vertex AI on demand against Compute Engine: 1\.20 .* and 1\.15 /),
    ]);
    expect(two.books['vertex-prices']).toMatchObject({ onDemandRatio: 1.15, asOf: '2025-08-15' });
  });

  it('says what stays as it was, of which day, and what Google has no catalog of', () => {
    const { kept } = refresh([{ description: 'N2 Instance Core running in Americas', usd: 0.04 }]);
    expect(kept).toContainEqual(
      expect.stringMatching(
        /^unit-prices: 1 prices of today; nothing in the catalog for .*\bn2d\b.*, as of 2026-07-30/,
      ),
    );
    expect(kept).toContainEqual(
      expect.stringMatching(/^vertex-prices: nothing in the catalog to compare, as of 2025/),
    );
    expect(kept.at(-1)).toBe("Not in Google's catalog: aws-prices of 2026-01-21");
  });
});
