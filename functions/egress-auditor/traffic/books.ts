import { agedBooks, type UsedBook } from '../../../shared/prices/age/book-age.ts';
import { NETWORK_PRICES } from '../../../shared/prices/network-prices.ts';
import { networkRatesDate } from '../../../shared/prices/network-rates.ts';

/** The price books of traffic as of `now`. */
export const egressBooks = (now: Date): readonly UsedBook[] =>
  agedBooks(
    [
      ['internet traffic and Cloud NAT', networkRatesDate()],
      ['traffic inside Google Cloud', NETWORK_PRICES.asOf],
    ],
    now,
  );
