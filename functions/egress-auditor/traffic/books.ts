import { agedBooks, type UsedBook } from '../../../shared/prices/age/book-age.ts';
import { bucketRatesDate } from '../../../shared/prices/bucket-rates.ts';
import { NETWORK_PRICES } from '../../../shared/prices/network-prices.ts';
import { networkRatesDate } from '../../../shared/prices/network-rates.ts';
import { STORAGE_PRICES } from '../../../shared/prices/storage-prices.ts';

/** The price books of traffic, and of the storage that a copy of a bucket takes, as of `now`. */
export const egressBooks = (now: Date): readonly UsedBook[] =>
  agedBooks(
    [
      ['network', networkRatesDate()],
      ['network inside Google Cloud', NETWORK_PRICES.asOf],
      ['storage', bucketRatesDate()],
      ['storage operations', STORAGE_PRICES.asOf],
    ],
    now,
  );
