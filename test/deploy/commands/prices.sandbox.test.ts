import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pricesCommand } from '../../../deploy/commands/prices.ts';
import { BOOKS_FOLDER } from '../../../deploy/prices/generate.ts';
import { readBook, type Usage } from '../../../shared/prices/book.ts';
import { catalogSku, type Listed } from '../../support/catalog-sku.ts';
import { startInstance, withSandbox } from '../../support/in-process.ts';
import { labScenario } from '../../support/lab.ts';

const CORE = 'A2 Instance Core running in Americas';
const SKUS: readonly Listed[] = [
  { description: 'N2 Instance Core running in Americas', usd: 0.04 },
  { description: 'N2 Instance Ram running in Americas', usd: 0.004237, unit: 'GiBy.h' },
  {
    description: 'Spot Preemptible N2 Instance Core running in Americas',
    usd: 0.012,
    usageType: 'Preemptible',
  },
  { description: CORE, usd: 0.031611 },
  { description: 'A2 Instance Ram running in Americas', usd: 0.004237, unit: 'GiBy.h' },
  { description: 'Nvidia Tesla A100 GPU running in Americas', usd: 3.5 },
  { description: 'Nvidia Tesla T4 GPU running in Frankfurt', usd: 0.4, region: 'europe-west3' },
  // The usage type alone does not tell.
  { description: 'Nvidia L4 GPU attached to Spot Preemptible VMs running in Americas', usd: 0.25 },
  { description: 'Storage PD Capacity', usd: 0.04, unit: 'GiBy.mo', freeUpTo: 30 },
  // None of these is a price on demand, or on Spot.
  { description: 'Reserved Nvidia Tesla A100 GPU in Americas', usd: 1 },
  { description: 'Nvidia Tesla A100 GPU attached to DWS Defined Duration VMs running in Americas', usd: 1.7 },
  { description: 'Nvidia Tesla A100 GPU Calendar Mode running in Americas', usd: 1.9 },
  { description: 'N2 Sole Tenancy Instance Core running in Americas', usd: 0.05 },
  { description: 'Flex Start N2 Instance Core running in Americas', usd: 0.02 },
  { description: 'Commitment v1: N2 Cpu in Americas for 1 Year', usd: 0.019, usageType: 'Commit1Yr' },
  ...Array.from({ length: 30 }, (_, at) => ({ description: `Network Internet Egress ${at}`, usd: 0.1 })),
  {
    description: 'Standard Storage US Regional',
    usd: 0.021,
    unit: 'GiBy.mo',
    freeUpTo: 5,
    regions: ['us-central1', 'us-east1', 'us-west1'],
    service: 'storage',
  },
  {
    description: 'Networking Cloud Nat Gateway Uptime',
    usd: 0.045,
    region: 'global',
    service: 'networking',
  },
  { description: 'TPU-v2 Accelerator USA', usd: 5, service: 'tpu' },
  {
    description: 'Vertex AI: Training/Pipelines on A2 Instance Core in Iowa',
    usd: 0.0379332,
    service: 'vertex',
  },
];

async function refresh(skus: readonly Listed[], ...more: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'costguard-books-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp(BOOKS_FOLDER, folder, { recursive: true });
  const said = { out: '', err: '' };
  let code = -1;
  let pages = 0;
  await withSandbox({ scenario: labScenario([]), frozen: true }, async (sandbox) => {
    sandbox.billing.catalog.skus = skus.map(catalogSku);
    const { runtime } = startInstance(sandbox, { name: 'idle-notebook-stopper', policy: '' });
    code = await pricesCommand(['--refresh', ...more], {
      runtime,
      folder,
      out: (text) => void (said.out += text),
      err: (text) => void (said.err += text),
      signIn: async () => runtime.auth,
    });
    pages = sandbox.callLog.calls('cloudbilling.services.skus.list').length;
  });
  const find = async (name: string, usage: Usage, thing: string, place = 'us-central1') =>
    readBook(JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8'))).find(usage, thing, place);
  return { code, pages, find, ...said };
}

describe('npm run prices -- --refresh', () => {
  it('takes cores, memory, GPUs and disks from every page, and says what changed', async () => {
    const { code, pages, out, err, find } = await refresh(SKUS);
    expect([code, err]).toEqual([0, '']);
    // Three of Compute Engine, and one of each other service.
    expect(pages).toBe(7);
    expect(out).toContain('on-demand n2.vcpu in us-central1: 0.031611 -> 0.04\n');
    expect(out).toContain('spot n2.vcpu in us-central1: 0.01499 -> 0.012\n');
    expect(out).not.toContain('n2.gib');
    expect(await find('unit-prices', 'on-demand', 'n2.vcpu')).toMatchObject({
      low: 0.04,
      asOf: '2026-11-18',
      mark: 'verified',
    });
    expect(await find('unit-prices', 'on-demand', 'n2.vcpu', 'us-east4')).toMatchObject({
      asOf: '2026-07-30',
    });
    expect(await find('gpu-prices', 'on-demand', 'nvidia-tesla-t4', 'europe-west3')).toMatchObject({
      low: 0.4,
    });
    expect(await find('gpu-prices', 'spot', 'nvidia-l4')).toMatchObject({ low: 0.25 });
    expect(await find('disk-prices', 'on-demand', 'pd-standard')).toMatchObject({
      low: 0.04,
      asOf: '2026-11-18',
    });
  });

  it('takes storage, network, TPUs and the ratio of Vertex AI from their services, and names what has no catalog', async () => {
    const { out, find } = await refresh(SKUS);
    expect(await find('storage-prices', 'on-demand', 'STANDARD', 'us-east1')).toMatchObject({ low: 0.021 });
    expect(await find('network-prices', 'on-demand', 'nat-gateway', 'me-west1')).toMatchObject({
      low: 0.045,
    });
    expect(await find('tpu-prices', 'on-demand', 'v2')).toMatchObject({ low: 1.25, asOf: '2026-11-18' });
    expect(out).toContain('Vertex AI onDemandRatio: 1.15 -> 1.2\n');
    expect(out).toMatch(
      /^network-prices: 43 prices of today; nothing in the catalog for .*vpn-tunnel, as of 2026-07-30$/m,
    );
    expect(out).toContain(
      "Not in Google's catalog: machine-types of 2026-08-17, aws-prices of 2026-01-21, azure-prices of 2026-06-18\n",
    );
  });

  it('adds up whole machines of which it has every part, and takes no price that is bought ahead', async () => {
    const { out, find } = await refresh(SKUS);
    expect(out).toContain('on-demand a2-highgpu-1g in us-central1: 3.673385 -> 4.239477\n');
    expect(await find('machine-prices', 'on-demand', 'a2-highgpu-2g')).toMatchObject({ low: 8.478954 });
    expect(await find('machine-prices', 'on-demand', 'a2-ultragpu-1g')).toMatchObject({ asOf: '2026-07-30' });
    expect(await find('gpu-prices', 'on-demand', 'nvidia-tesla-a100')).toMatchObject({ low: 3.5 });
  });

  it('writes nothing where two SKUs give one price, or one is in another unit: that is to be looked at', async () => {
    const twice = await refresh([...SKUS, { description: CORE, usd: 0.05 }]);
    expect(twice.code).toBe(1);
    expect(twice.err).toMatch(
      /Look at it first: on-demand a2\.vcpu in us-central1: \S+ "A2 .*" says 0\.031611, \S+ "A2 .*" 0\.05\n/,
    );
    expect(await twice.find('unit-prices', 'on-demand', 'n2.vcpu')).toMatchObject({ low: 0.031611 });
    const unit = await refresh([{ description: CORE, usd: 0.05, unit: 'GiBy.h' }]);
    expect(unit.err).toMatch(/is in GiBy\.h, expected h/);
    expect((await refresh([])).code).toBe(1);
  });

  it('writes what is clear with --partly, where a family is unknown, and nothing without it', async () => {
    const skus = [...SKUS, { description: 'Q9 Instance Core running in Americas', usd: 0.05 }];
    const { code, err, find } = await refresh(skus);
    expect(code).toBe(1);
    expect(err).toMatch(/^Look at it first: machine family Q9: no source says/);
    expect(err).toMatch(/With --partly they keep their present price and day/);
    expect(await find('unit-prices', 'on-demand', 'n2.vcpu')).toMatchObject({ low: 0.031611 });
    const partly = await refresh(skus, '--partly');
    expect([partly.code, partly.err]).toEqual([0, expect.stringMatching(/machine family Q9/)]);
    expect(await partly.find('unit-prices', 'on-demand', 'n2.vcpu')).toMatchObject({ low: 0.04 });
  });

  it('only says what would change with --dry-run', async () => {
    const { code, out, find } = await refresh(SKUS, '--dry-run');
    expect(code).toBe(0);
    expect(out).toContain('n2.vcpu in us-central1: 0.031611 -> 0.04');
    expect(await find('unit-prices', 'on-demand', 'n2.vcpu')).toMatchObject({ low: 0.031611 });
  });
});
