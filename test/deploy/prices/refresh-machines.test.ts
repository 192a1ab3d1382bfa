import { describe, expect, it } from 'vitest';
import type { Listed } from '../../support/catalog-sku.ts';
import { refresh } from './refreshed.ts';

const RAM = { unit: 'GiBy.h' } as const;

describe('machine families by the names that the catalog has for them', () => {
  it('adds up c2, whose newer regions say Instance and whose older ones do not', () => {
    const { find, problems } = refresh([
      { description: 'Compute optimized Core running in Americas', usd: 0.03398 },
      { description: 'Compute optimized Ram running in Americas', usd: 0.00455, ...RAM },
      {
        description: 'Compute optimized Instance Core running in Madrid',
        usd: 0.04,
        region: 'europe-southwest1',
      },
    ]);
    expect(problems).toEqual([]);
    expect(find('machine-prices', 'on-demand', 'c2-standard-4')).toMatchObject({
      low: 0.20872,
      asOf: '2026-11-26',
    });
    expect(find('unit-prices', 'on-demand', 'c2.vcpu', 'europe-southwest1')?.low).toBe(0.04);
  });

  it('adds up m2 of the cores of m1 and the premium on top, and leaves m1 without it', () => {
    const { find } = refresh([
      { description: 'Memory-optimized Instance Core running in Americas', usd: 0.0348 },
      {
        description:
          'Memory Optimized Upgrade Premium for Memory-optimized Instance Core running in Americas',
        usd: 0.0156,
      },
    ]);
    expect(find('unit-prices', 'on-demand', 'm1.vcpu')?.low).toBe(0.0348);
    expect(find('unit-prices', 'on-demand', 'm2.vcpu')?.low).toBe(0.0504);
    expect(find('unit-prices', 'on-demand', 'm2-premium.vcpu')).toBeUndefined();
  });

  it('adds up z3 with the general local SSD, and h3, which has one shape', () => {
    const { find, changes } = refresh([
      { description: 'Z3 Instance Core running in Iowa', usd: 0.05 },
      { description: 'Z3 Instance Ram running in Iowa', usd: 0.0066, ...RAM },
      { description: 'SSD backed Local Storage', usd: 0.08, unit: 'GiBy.mo' },
      { description: 'H3 Instance Core running in Americas', usd: 0.04411 },
      { description: 'H3 Instance Ram running in Americas', usd: 0.00296, ...RAM },
    ]);
    const z3 = 8 * 0.05 + 64 * 0.0066 + (3000 * 0.08) / 730;
    expect(find('machine-prices', 'on-demand', 'z3-highmem-8-highlssd')?.low).toBeCloseTo(z3, 8);
    // These are its prices: the sum is what the book had.
    expect(find('machine-prices', 'on-demand', 'h3-standard-88')).toMatchObject({
      low: 4.9236,
      asOf: '2026-11-26',
    });
    expect(changes.join()).not.toContain('h3-standard-88');
  });

  it('prices the largest m4 by SKUs of its own, in decimal GB', () => {
    const { find, problems } = refresh([
      { description: 'M4 Instance Core running in Americas', usd: 0.0385 },
      { description: 'M4 Instance Ram running in Americas', usd: 0.00331, ...RAM },
      { description: 'M4Ultramem224 Instance Core running in Americas', usd: 0.0529 },
      { description: 'M4Ultramem224 Instance Ram running in Americas', usd: 0.0047, unit: 'GBy.h' },
    ]);
    expect(problems).toEqual([]);
    expect(find('machine-prices', 'on-demand', 'm4-ultramem-112')?.low).toBeCloseTo(
      112 * 0.0385 + 2976 * 0.00331,
      6,
    );
    expect(find('machine-prices', 'on-demand', 'm4-ultramem-224')?.low).toBeCloseTo(
      224 * 0.0529 + 5952 * 0.0047 * (2 ** 30 / 1e9),
      6,
    );
  });

  it('prices g4 with its card, and the sizes that have a part of one by their own SKU', () => {
    const { find } = refresh([
      { description: 'G4 Instance Core running in Iowa', usd: 0.04891 },
      { description: 'G4 Instance Ram running in Iowa', usd: 0.00587, ...RAM },
      { description: 'RTX 6000 96GB running in Iowa', usd: 1.09565 },
      { description: '1/8 vGPU no lssd running in Iowa', usd: 0.64688 },
      { description: '1/8 vGPU no lssd attached to DWS Defined Duration VMs running in Iowa', usd: 0.32344 },
    ]);
    expect(find('machine-prices', 'on-demand', 'g4-standard-48')?.low).toBe(4.49993);
    expect(find('machine-prices', 'on-demand', 'g4-standard-6')).toMatchObject({
      low: 0.64688,
      high: 0.64688,
    });
  });

  it('names a family and a GPU that no source explains, and takes nothing for them', () => {
    const { problems, prices } = refresh([
      { description: 'Q9 Instance Core running in Americas', usd: 0.05 },
      { description: 'Q9 Instance Ram running in Americas', usd: 0.005, ...RAM },
      { description: 'Nvidia Z500 GPU running in Americas', usd: 20 },
    ]);
    expect(problems).toEqual([
      expect.stringMatching(/^machine family Q9: no source says .*2 SKU\(s\) such as \S+ "Q9 Instance Core/),
      expect.stringMatching(/^Nvidia Z500 GPU: no source says/),
    ]);
    expect(prices).toBe(0);
  });

  it('takes no price on demand that is more than twice, or less than half of the present one', () => {
    const { problems, find } = refresh([
      { description: 'N2 Instance Core running in Americas', usd: 0.0031611 },
      { description: 'E2 Instance Core running in Americas', usd: 0.03 },
    ]);
    expect(problems).toEqual([
      'on-demand n2.vcpu in us-central1: 0.031611 -> 0.0031611, more than 2 times as much or as little',
    ]);
    expect(find('unit-prices', 'on-demand', 'n2.vcpu')?.low).toBe(0.031611);
    expect(find('unit-prices', 'on-demand', 'e2.vcpu')?.low).toBe(0.03);
  });

  it('does not guess whether a3-megagpu has the cores of A3 or of A3Plus', () => {
    const parts: readonly Listed[] = [
      { description: 'A3 Instance Core running in Americas', usd: 0.025 },
      { description: 'A3 Instance Ram running in Americas', usd: 0.0022, ...RAM },
      { description: 'A3Plus Instance Core running in Americas', usd: 0.026 },
      { description: 'A3Plus Instance Ram running in Americas', usd: 0.0022, ...RAM },
      { description: 'Nvidia H100 80GB Mega GPU running in Americas', usd: 10.3 },
      { description: 'SSD backed Local Storage', usd: 0.08, unit: 'GiBy.mo' },
    ];
    expect(refresh(parts).problems).toEqual([
      expect.stringMatching(
        /^on-demand a3-megagpu-8g in us-central1: cores of a3 or a3plus make 9[0-9.]+ or 9[0-9.]+$/,
      ),
    ]);
    expect(refresh(parts.slice(0, 2).concat(parts.slice(4))).problems).toEqual([]);
  });
});
