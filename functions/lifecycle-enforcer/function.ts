import { STORAGE_PRICES } from '../../shared/prices/storage-prices.ts';
import { bucketRatesDate } from '../../shared/prices/bucket-rates.ts';
import type { Sweep } from '../../shared/run/sweep.ts';
import { actOnBuckets } from './act.ts';
import { type Config, configureLifecycle } from './config.ts';
import { judgeBucket, needsTidying, savesMoney } from './decide.ts';
import type { Facts } from './facts.ts';
import { gatherBuckets, placeOfBuckets } from './gather.ts';
import { isPatch, limitPatches } from './limit-patches.ts';

export const lifecycleSweep: Sweep<Config, Facts> = {
  actOn: 'page',
  sections: ['lifecycle'],
  configure: configureLifecycle,
  gather: gatherBuckets,
  placeOf: placeOfBuckets,
  decide: judgeBucket,
  limit: limitPatches,
  countsAgainstCap: isPatch,
  watches: needsTidying,
  act: actOnBuckets,
  books: () => [
    ['storage', bucketRatesDate()],
    ['storage operations', STORAGE_PRICES.asOf],
  ],
  saves: savesMoney,
};
