/**
 * The two regions of each predefined dual-region, in small letters. NAM4, EUR4 and ASIA1 are in the price book; the pairs
 * themselves are from memory.
 */
export const DUAL_REGIONS: Readonly<Record<string, readonly [string, string]>> = {
  NAM4: ['us-central1', 'us-east1'],
  EUR4: ['europe-north1', 'europe-west4'],
  EUR5: ['europe-west1', 'europe-west2'],
  EUR7: ['europe-west2', 'europe-west3'],
  EUR8: ['europe-west3', 'europe-west6'],
  ASIA1: ['asia-northeast1', 'asia-northeast2'],
};
