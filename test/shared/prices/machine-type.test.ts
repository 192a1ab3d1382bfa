import assert from 'node:assert/strict';
import { test } from 'vitest';
import { canonicalName, isUnspecified } from '../../../shared/prices/machine-type.ts';

const names: readonly [string | undefined, string][] = [
  ['nvidia-tesla-t4', 'nvidia-tesla-t4'],
  ['NVIDIA_TESLA_T4', 'nvidia-tesla-t4'],
  [' PD_SSD ', 'pd-ssd'],
  [
    'https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-a/acceleratorTypes/nvidia-l4',
    'nvidia-l4',
  ],
  ['projects/p/zones/z/diskTypes/hyperdisk-balanced', 'hyperdisk-balanced'],
  ['', ''],
  [undefined, ''],
];

test('canonicalName makes one name of the enum, the name and the URL', () => {
  for (const [text, wanted] of names) assert.equal(canonicalName(text), wanted, text);
});

test('isUnspecified knows what proto3 calls "not set"', () => {
  assert.ok(isUnspecified(canonicalName('ACCELERATOR_TYPE_UNSPECIFIED')));
  assert.ok(isUnspecified(canonicalName(undefined)));
  assert.equal(isUnspecified(canonicalName('NVIDIA_L4')), false);
});
