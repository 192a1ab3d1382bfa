import { describe, expect, it } from 'vitest';
import { vcpusOf } from '../../../shared/prices/vcpus.ts';

describe('vcpusOf', () => {
  it.each([
    ['n2-standard-32', 32],
    ['https://www.googleapis.com/compute/v1/projects/p/zones/z/machineTypes/a2-highgpu-1g', 12],
    ['a2-highgpu-8g', 96],
    ['a3-highgpu-8g', 208],
    ['g2-standard-12', 12],
    ['n2-custom-6-16384', 6],
    ['custom-4-8192', 4],
    // A guest sees two, of which the price counts a part.
    ['e2-micro', 2],
    ['g1-small', 1],
    // Not in the catalogue, but named like all the others.
    ['n9-highmem-24', 24],
    ['c9-standard-8-lssd', 8],
  ])('knows that %s has %i', (type, vcpus) => {
    expect(vcpusOf(type)).toBe(vcpus);
  });

  it.each(['', 'n1', 'a9-highgpu-4g', 'n9-standard-0', 'ct9e-standard-4t', 'x9-480-6t-metal', 'not a type'])(
    'does not guess what "%s" has',
    (type) => {
      expect(vcpusOf(type)).toBeUndefined();
    },
  );
});
