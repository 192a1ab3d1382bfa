import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import fc from 'fast-check';
import { formatUsdPerHour, type UsdPerHour } from '../../../shared/prices/money.ts';
import { priceInstance, type PricedInstance } from '../../../shared/prices/compute-price.ts';
import { gpusOf, parseMachineType } from '../../../shared/prices/machine-type.ts';

const BOOT = { kind: 'boot', type: 'PD_SSD', sizeGb: 150 } as const;

function vm(machineType: string, rest: Partial<PricedInstance> = {}): PricedInstance {
  return { machineType, accelerators: [], zone: 'us-central1-a', disks: [BOOT], ...rest };
}

function near(actual: UsdPerHour, expected: number, within = 1e-4): void {
  assert.ok(actual !== 'unpriced', `unpriced, wanted ${expected}`);
  assert.ok(Math.abs(actual - expected) < within, `${actual} is not within ${within} of ${expected}`);
}

describe('parseMachineType', () => {
  const custom = (
    name: string,
    family: string,
    vcpus: number,
    memoryMib: number,
    extendedMemory = false,
  ) => ({
    kind: 'custom',
    name,
    family,
    vcpus,
    memoryMib,
    extendedMemory,
  });
  const predefined = (name: string, family: string) => ({ kind: 'predefined', name, family });
  const cases: readonly (readonly [string, object])[] = [
    ['e2-standard-4', predefined('e2-standard-4', 'e2')],
    [' n1-standard-8 ', predefined('n1-standard-8', 'n1')],
    [
      'https://www.googleapis.com/compute/v1/projects/p/zones/us-east1-b/machineTypes/e2-standard-4',
      predefined('e2-standard-4', 'e2'),
    ],
    ['zones/us-east1-b/machineTypes/a2-highgpu-1g', predefined('a2-highgpu-1g', 'a2')],
    ['e2-micro', predefined('e2-micro', 'e2')],
    ['c4a-standard-16-lssd', predefined('c4a-standard-16-lssd', 'c4a')],
    ['q9-novel-3', predefined('q9-novel-3', 'q9')],
    ['custom-4-8192', custom('custom-4-8192', 'n1', 4, 8192)],
    ['n2-custom-8-16384', custom('n2-custom-8-16384', 'n2', 8, 16384)],
    ['n2-custom-8-131072-ext', custom('n2-custom-8-131072-ext', 'n2', 8, 131072, true)],
    ['zones/z/machineTypes/e2-custom-2-4096', custom('e2-custom-2-4096', 'e2', 2, 4096)],
    ['', { kind: 'unreadable', name: '' }],
    ['n1', { kind: 'unreadable', name: 'n1' }],
    ['projects/p/zones/us-east1-b', { kind: 'unreadable', name: 'projects/p/zones/us-east1-b' }],
    ['N1-STANDARD-8', { kind: 'unreadable', name: 'N1-STANDARD-8' }],
    ['n1-standard-8; rm', { kind: 'unreadable', name: 'n1-standard-8; rm' }],
  ];
  for (const [text, expected] of cases) {
    it(`reads "${text}"`, () => {
      assert.deepEqual(parseMachineType(text), expected);
    });
  }
});

describe('gpusOf', () => {
  const none = { kind: 'none' };
  const gpus = (type: string, count: number, included: boolean) => ({ kind: 'gpus', type, count, included });
  const unknown = (why: string) => ({ kind: 'unknown', why });
  const t4 = { type: 'NVIDIA_TESLA_T4', count: 1 };
  const l4 = { type: 'NVIDIA_L4', count: 1 };
  const cases: readonly (readonly [string, string, PricedInstance['accelerators'], object])[] = [
    ['no accelerator on a CPU family', 'n1-standard-8', [], none],
    ['a CPU family with a suffix', 'c4a-standard-16-lssd', [], none],
    ['a later CPU family', 'n5-standard-4', [], none],
    ['old shared cores', 'g1-small', [], none],
    ['custom n1', 'custom-4-8192', [], none],
    ['a notebooks enum name', 'n1-standard-8', [t4], gpus('nvidia-tesla-t4', 1, false)],
    [
      'a compute name',
      'n1-standard-8',
      [{ type: 'nvidia-tesla-t4', count: 4 }],
      gpus('nvidia-tesla-t4', 4, false),
    ],
    [
      'a URL',
      'n1-standard-8',
      [
        {
          type: 'https://www.googleapis.com/compute/v1/projects/p/zones/z/acceleratorTypes/nvidia-tesla-v100',
          count: 2,
        },
      ],
      gpus('nvidia-tesla-v100', 2, false),
    ],
    [
      'an unknown enum name',
      'n1-standard-8',
      [{ type: 'NVIDIA_X9000', count: 1 }],
      gpus('nvidia-x9000', 1, false),
    ],
    ['two entries of one type', 'n1-standard-8', [t4, t4], gpus('nvidia-tesla-t4', 2, false)],
    ['two types', 'n1-standard-8', [t4, l4], unknown('accelerators of more than one type')],
    [
      'a type without a count',
      'n1-standard-8',
      [{ type: 'NVIDIA_TESLA_T4' }],
      unknown('nvidia-tesla-t4, how many is not known'),
    ],
    [
      'a type with a count of 0',
      'n1-standard-8',
      [{ ...t4, count: 0 }],
      unknown('nvidia-tesla-t4, how many is not known'),
    ],
    [
      'a broken count',
      'n1-standard-8',
      [{ ...t4, count: NaN }],
      unknown('nvidia-tesla-t4, how many is not known'),
    ],
    ['a count without a type', 'n1-standard-8', [{ count: 1 }], unknown('accelerator of unspecified type')],
    [
      'an unspecified type with a count',
      'n1-standard-8',
      [{ type: 'ACCELERATOR_TYPE_UNSPECIFIED', count: 1 }],
      unknown('accelerator of unspecified type'),
    ],
    ['an entry that says nothing', 'n1-standard-8', [{ type: 'ACCELERATOR_TYPE_UNSPECIFIED' }], none],
    ['a2 without configuration', 'a2-highgpu-1g', [], gpus('nvidia-tesla-a100', 1, true)],
    [
      'a2 listed as well',
      'a2-highgpu-1g',
      [{ type: 'NVIDIA_TESLA_A100', count: 1 }],
      gpus('nvidia-tesla-a100', 1, true),
    ],
    ['a2 by URL', 'zones/z/machineTypes/a2-megagpu-16g', [], gpus('nvidia-tesla-a100', 16, true)],
    ['a2 ultra', 'a2-ultragpu-4g', [], gpus('nvidia-a100-80gb', 4, true)],
    ['a3 high', 'a3-highgpu-8g', [], gpus('nvidia-h100-80gb', 8, true)],
    ['a3 mega', 'a3-megagpu-8g', [], gpus('nvidia-h100-mega-80gb', 8, true)],
    ['a3 ultra', 'a3-ultragpu-8g', [], gpus('nvidia-h200-141gb', 8, true)],
    [
      'g2 listed with another count: the machine type decides',
      'g2-standard-24',
      [l4],
      gpus('nvidia-l4', 2, true),
    ],
    ['g2-standard-32 has one', 'g2-standard-32', [], gpus('nvidia-l4', 1, true)],
    ['g2-standard-48 has four', 'g2-standard-48', [], gpus('nvidia-l4', 4, true)],
    ['g2-standard-96 has eight', 'g2-standard-96', [], gpus('nvidia-l4', 8, true)],
    ['a4', 'a4-highgpu-8g', [], gpus('nvidia-b200', 8, true)],
    ['a4x', 'a4x-highgpu-4g', [], gpus('nvidia-gb200', 4, true)],
    ['a part of a GPU', 'g4-standard-6', [], gpus('nvidia-rtx-pro-6000', 1, true)],
    ['a future a9', 'a9-highgpu-8g', [], unknown('a9-highgpu-8g has GPUs, how many is not known')],
    [
      'g4, listed',
      'g4-standard-48',
      [{ type: 'NVIDIA_RTX_PRO_6000', count: 1 }],
      gpus('nvidia-rtx-pro-6000', 1, true),
    ],
    [
      'an a2 that is not in the book',
      'a2-novelgpu-3g',
      [],
      unknown('a2-novelgpu-3g has GPUs, how many is not known'),
    ],
    ['custom g2', 'g2-custom-8-32768', [], unknown('g2-custom-8-32768 has GPUs, how many is not known')],
    ['a family of an unknown letter', 'q9-standard-4', [], unknown('unknown machine family q9')],
    ['a TPU VM', 'ct5lp-hightpu-4t', [], unknown('unknown machine family ct5lp')],
    ['no machine type', '', [], unknown('unreadable machine type')],
    ['no machine type, but an accelerator', '', [t4], gpus('nvidia-tesla-t4', 1, false)],
  ];
  for (const [title, machineType, accelerators, expected] of cases) {
    it(title, () => {
      assert.deepEqual(gpusOf({ machineType, accelerators }), expected);
    });
  }
});

// Google's price list for us-central1, as multiplied out in the sources of the price book.
const MACHINES = `
n1-standard-1 0.0475   n1-standard-2 0.0950   n1-standard-4 0.1900
n1-standard-8 0.3800   n1-standard-16 0.7600  n1-standard-32 1.5200
n1-standard-64 3.0400  n1-standard-96 4.5600  n1-highmem-2 0.1183
n1-highmem-4 0.2366    n1-highmem-8 0.4732    n1-highmem-16 0.9464
n1-highmem-32 1.8928   n1-highmem-64 3.7857   n1-highmem-96 5.6785
n2-standard-2 0.0971   n2-standard-4 0.1942   n2-standard-8 0.3885
n2-standard-16 0.7769  n2-standard-32 1.5539  n2-standard-48 2.3308
n2-standard-64 3.1078  n2-standard-80 3.8847  n2-highmem-2 0.1310
n2-highmem-4 0.2620    n2-highmem-8 0.5241    n2-highmem-16 1.0481
n2-highmem-32 2.0962   e2-standard-2 0.0670   e2-standard-4 0.1340
e2-standard-8 0.2680   e2-standard-16 0.5361  e2-standard-32 1.0722
e2-highmem-2 0.0904    e2-highmem-4 0.1808    e2-highmem-8 0.3616
e2-highmem-16 0.7232   g2-standard-4 0.7068   g2-standard-8 0.8536
g2-standard-12 1.0004  g2-standard-16 1.1472  g2-standard-24 2.0008
g2-standard-32 1.7344  g2-standard-48 4.0017  g2-standard-96 8.0033
e2-medium 0.0335       t2d-standard-4 0.1690  a2-highgpu-1g 3.6734
a2-highgpu-2g 7.3468   a2-highgpu-4g 14.6935  a2-highgpu-8g 29.3871
a2-megagpu-16g 55.7395 a2-ultragpu-1g 5.0688  a2-ultragpu-2g 10.1376
a2-ultragpu-4g 20.2752 a2-ultragpu-8g 40.5504 a3-highgpu-1g 11.0612
a3-highgpu-2g 22.1225  a3-highgpu-4g 44.2450  a3-highgpu-8g 88.4900
a3-ultragpu-8g 84.8069`;

describe('priceInstance: machine and GPUs', () => {
  for (const [, machineType = '', price = ''] of MACHINES.matchAll(/(\S+) +(\S+)/g)) {
    it(`prices ${machineType}`, () => {
      const { stoppableUsdPerHour } = priceInstance(vm(machineType));
      assert.equal(stoppableUsdPerHour === 'unpriced' ? 'unpriced' : stoppableUsdPerHour.toFixed(4), price);
    });
  }

  it('prices shared-core e2 by the share of a vCPU that bills', () => {
    near(priceInstance(vm('e2-micro')).stoppableUsdPerHour, 0.25 * 0.02181159 + 0.00292353, 1e-9);
    near(priceInstance(vm('e2-small')).stoppableUsdPerHour, 0.5 * 0.02181159 + 2 * 0.00292353, 1e-9);
  });

  it('marks a price by its weakest row', () => {
    const markOf = (machineType: string) => {
      const [item] = priceInstance(vm(machineType)).items;
      return item === undefined || item.usdPerHour === 'unpriced' ? undefined : item.mark;
    };
    assert.equal(markOf('a2-highgpu-1g'), 'verified');
    assert.equal(markOf('n1-standard-8'), 'computed');
    assert.equal(markOf('n1-custom-2-15360-ext'), 'computed');
    assert.equal(markOf('g4-standard-6'), 'third-party');
  });

  const listedAndNot: readonly (readonly [string, string, number])[] = [
    ['g2-standard-4', 'NVIDIA_L4', 1],
    ['g2-standard-24', 'NVIDIA_L4', 2],
    ['a2-highgpu-1g', 'NVIDIA_TESLA_A100', 1],
    ['a2-ultragpu-2g', 'NVIDIA_A100_80GB', 2],
    ['a3-highgpu-8g', 'NVIDIA_H100_80GB', 8],
  ];
  for (const [machineType, type, count] of listedAndNot) {
    it(`counts the GPUs of ${machineType} once when acceleratorConfigs lists them too`, () => {
      assert.deepEqual(
        priceInstance(vm(machineType, { accelerators: [{ type, count }] })),
        priceInstance(vm(machineType)),
      );
    });
  }

  it('adds attached GPUs to the machine', () => {
    const price = priceInstance(
      vm('n1-standard-8', { accelerators: [{ type: 'NVIDIA_TESLA_T4', count: 4 }] }),
    );
    near(price.stoppableUsdPerHour, 0.38 + 4 * 0.35);
    assert.deepEqual(
      price.items.map((item) => [item.what, item.whenStopped]),
      [
        ['n1-standard-8', 'not-billed'],
        ['4 x nvidia-tesla-t4', 'not-billed'],
        ['boot disk pd-ssd, 150 GB', 'billed'],
      ],
    );
  });

  it('shows the price of the parts it knows and no sum when another part has none', () => {
    const price = priceInstance(
      vm('n1-standard-8', {
        zone: 'europe-west4-a',
        accelerators: [{ type: 'NVIDIA_TESLA_K80', count: 2 }],
      }),
    );
    assert.deepEqual(
      price.items.map((item) => item.usdPerHour),
      [0.418336, 'unpriced', 0.187 * (150 / 730)],
    );
    assert.equal(price.stoppableUsdPerHour, 'unpriced');
    assert.equal(price.runningUsdPerHour, 'unpriced');
    assert.deepEqual(price.unpriced, ['2 x nvidia-tesla-k80: no price for nvidia-tesla-k80 in europe-west4']);
  });

  it('takes the lower figure where sources disagree: a stop never saves more than that', () => {
    near(priceInstance(vm('g4-standard-6')).stoppableUsdPerHour, 0.55955625, 1e-9);
    near(priceInstance(vm('a3-ultragpu-8g')).stoppableUsdPerHour, 84.8069, 1e-9);
    near(priceInstance(vm('e2-custom-4-8192')).stoppableUsdPerHour, 0.1106346, 1e-8);
  });

  const withoutPrice: readonly (readonly [string, PricedInstance, readonly string[]])[] = [
    ['an unknown size', vm('n1-standard-7'), ['n1-standard-7: no price for n1-standard-7 in us-central1']],
    [
      'a number written otherwise',
      vm('n1-standard-08'),
      ['n1-standard-08: no price for n1-standard-08 in us-central1'],
    ],
    ['an unlisted family', vm('c9-standard-4'), ['c9-standard-4: no price for c9-standard-4 in us-central1']],
    [
      'a custom type of a family without',
      vm('c3-custom-8-16384'),
      ['c3-custom-8-16384: custom types of c3 have no price'],
    ],
    [
      'a GPU family that is not sold on demand',
      vm('a4-highgpu-8g'),
      ['a4-highgpu-8g with 8 x nvidia-b200: no price for a4-highgpu-8g in us-central1'],
    ],
    [
      'a future GPU family',
      vm('a9-highgpu-8g'),
      [
        'a9-highgpu-8g: no price for a9-highgpu-8g in us-central1',
        'GPUs: a9-highgpu-8g has GPUs, how many is not known',
      ],
    ],
    [
      'a GPU host without a price',
      vm('a3-edgegpu-8g'),
      ['a3-edgegpu-8g with 8 x nvidia-h100-80gb: no price for a3-edgegpu-8g in us-central1'],
    ],
    [
      'a retired GPU',
      vm('n1-standard-8', { accelerators: [{ type: 'NVIDIA_TESLA_K80', count: 1 }] }),
      ['1 x nvidia-tesla-k80: no price for nvidia-tesla-k80 in us-central1'],
    ],
    [
      'a virtual workstation, whose licence costs extra',
      vm('n1-standard-8', { accelerators: [{ type: 'NVIDIA_TESLA_T4_VWS', count: 1 }] }),
      ['1 x nvidia-tesla-t4-vws: no price for nvidia-tesla-t4-vws in us-central1'],
    ],
    ['an unreadable type', vm('???'), ['???: unreadable machine type', 'GPUs: unreadable machine type']],
    ['no type', vm(''), ['machine: unreadable machine type', 'GPUs: unreadable machine type']],
    [
      'an a2 elsewhere',
      vm('a2-highgpu-1g', { zone: 'europe-north1-b' }),
      ['a2-highgpu-1g with 1 x nvidia-tesla-a100: no price for a2-highgpu-1g in europe-north1'],
    ],
    [
      'a zone that is none',
      vm('n1-standard-8', { zone: 'somewhere' }),
      ['n1-standard-8: unknown region', 'boot disk pd-ssd: unknown region'],
    ],
  ];
  for (const [title, instance, reasons] of withoutPrice) {
    it(`leaves ${title} unpriced and says why`, () => {
      const price = priceInstance(instance);
      assert.equal(price.stoppableUsdPerHour, 'unpriced');
      assert.equal(price.runningUsdPerHour, 'unpriced');
      assert.deepEqual(price.unpriced, reasons);
    });
  }

  for (const zone of [
    'us-central1',
    'us-central1-ai1a',
    ' us-central1-f ',
    'projects/p/zones/us-central1-b',
  ]) {
    it(`finds the region of "${zone}"`, () => {
      near(priceInstance(vm('n1-standard-8', { zone })).stoppableUsdPerHour, 0.38);
    });
  }
});

describe('priceInstance: disks and address', () => {
  it('goes on billing disks when stopped, and a stop saves the rest', () => {
    const price = priceInstance(
      vm('a2-highgpu-1g', { disks: [BOOT, { kind: 'data', type: 'pd-standard', sizeGb: 100 }] }),
    );
    const disks = (150 * 0.17 + 100 * 0.04) / 730;
    near(price.stoppedUsdPerHour, disks, 1e-9);
    near(price.stoppableUsdPerHour, 3.673385, 1e-9);
    near(price.runningUsdPerHour, 3.673385 + disks, 1e-9);
    assert.deepEqual(price.unpriced, []);
  });

  it('prices pd-balanced', () => {
    const [, disk] = priceInstance(
      vm('n1-standard-8', { disks: [{ kind: 'boot', type: 'PD_BALANCED', sizeGb: 73 }] }),
    ).items;
    assert.deepEqual(disk, {
      what: 'boot disk pd-balanced, 73 GB',
      whenStopped: 'billed',
      usdPerHour: 0.1 * (73 / 730),
      mark: 'verified',
    });
  });

  const unpricedDisks: readonly (readonly [string, PricedInstance['disks'], string])[] = [
    ['no disk at all', [], 'boot disk: disk not reported'],
    ['data disk only', [{ ...BOOT, kind: 'data' }], 'boot disk: disk not reported'],
    ['no type', [{ kind: 'boot', sizeGb: 150 }], 'boot disk: disk type not reported'],
    [
      'unspecified type',
      [BOOT, { kind: 'data', type: 'DISK_TYPE_UNSPECIFIED', sizeGb: 100 }],
      'data disk: disk type not reported',
    ],
    ['no size', [{ kind: 'boot', type: 'PD_SSD' }], 'boot disk pd-ssd: disk size not reported'],
    ['size 0', [{ ...BOOT, sizeGb: 0 }], 'boot disk pd-ssd: disk size not reported'],
    ['size NaN', [{ ...BOOT, sizeGb: NaN }], 'boot disk pd-ssd: disk size not reported'],
    [
      'unknown type',
      [{ ...BOOT, type: 'HYPERDISK_BALANCED' }],
      'boot disk hyperdisk-balanced: no price for hyperdisk-balanced in us-central1',
    ],
    [
      'IOPS that bill apart',
      [{ ...BOOT, type: 'PD_EXTREME' }],
      'boot disk pd-extreme: also bills provisioned IOPS, which are not known',
    ],
  ];
  for (const [title, disks, reason] of unpricedDisks) {
    it(`leaves disks unpriced, not what a stop saves: ${title}`, () => {
      const price = priceInstance(vm('n1-standard-8', { disks }));
      assert.equal(price.stoppedUsdPerHour, 'unpriced');
      assert.equal(price.runningUsdPerHour, 'unpriced');
      near(price.stoppableUsdPerHour, 0.38);
      assert.deepEqual(price.unpriced, [reason]);
    });
  }

  it('prices an external address while running and claims nothing about it when stopped', () => {
    const without = priceInstance(vm('n1-standard-8', { externalIp: false }));
    const price = priceInstance(vm('n1-standard-8', { externalIp: true }));
    assert.ok(without.runningUsdPerHour !== 'unpriced');
    near(price.runningUsdPerHour, without.runningUsdPerHour + 0.005, 1e-9);
    assert.equal(price.stoppableUsdPerHour, without.stoppableUsdPerHour);
    assert.equal(price.stoppedUsdPerHour, 'unpriced');
    assert.deepEqual(price.unpriced, [
      'external IPv4 address, when stopped: reserved or ephemeral is not known',
    ]);
  });
});

describe('priceInstance: any input', () => {
  const oneOf = (...texts: readonly string[]) => fc.oneof(fc.constantFrom(...texts), fc.string());
  const count = fc.oneof(fc.integer({ min: -1, max: 16 }), fc.constantFrom(0.5, NaN, Infinity));
  const instance = fc.record({
    machineType: oneOf('n1-standard-8', 'g2-standard-24', 'a2-highgpu-1g', 'custom-4-8192', 'a4-highgpu-8g'),
    accelerators: fc.array(fc.record({ type: oneOf('NVIDIA_TESLA_T4', 'NVIDIA_L4'), count }), {
      maxLength: 2,
    }),
    zone: oneOf('us-central1-a', 'europe-west4-b'),
    disks: fc.array(
      fc.record({
        kind: fc.constantFrom('boot', 'data'),
        type: oneOf('PD_SSD', 'pd-standard', 'PD_EXTREME'),
        sizeGb: count,
      }),
      { maxLength: 3 },
    ),
    externalIp: fc.boolean(),
  });

  it('has either every price or a reason, and running is what a stop saves plus what it leaves', () => {
    fc.assert(
      fc.property(instance, (input) => {
        const price = priceInstance(input);
        const sums = [price.runningUsdPerHour, price.stoppableUsdPerHour, price.stoppedUsdPerHour];
        for (const sum of sums) assert.ok(sum === 'unpriced' || (Number.isFinite(sum) && sum > 0));
        assert.equal(sums.includes('unpriced'), price.unpriced.length > 0);
        const [running, stoppable, stopped] = sums;
        if (typeof running === 'number' && typeof stoppable === 'number' && typeof stopped === 'number') {
          near(running, stoppable + stopped, 1e-9);
        }
      }),
    );
  });
});

describe('formatUsdPerHour', () => {
  const cases: readonly (readonly [UsdPerHour, string])[] = [
    [3.673385, '$3.67/h'],
    [0.0475, '$0.0475/h'],
    [0.19, '$0.19/h'],
    [0.038194, '$0.0382/h'],
    [0.99999, '$1.00/h'],
    [1, '$1.00/h'],
    [1234.5, '$1,234.50/h'],
    [0, '$0.00/h'],
    [0.00001, '<$0.0001/h'],
    ['unpriced', 'unpriced'],
  ];
  for (const [price, text] of cases) {
    it(`writes ${price} as ${text}`, () => {
      assert.equal(formatUsdPerHour(price), text);
    });
  }
});
