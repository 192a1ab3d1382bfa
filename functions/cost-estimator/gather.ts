import { agedBooks, type UsedBook } from '../../shared/prices/age/book-age.ts';
import { bucketRatesDate } from '../../shared/prices/bucket-rates.ts';
import { runningBookDates } from '../../shared/prices/age/running-book-dates.ts';
import { NETWORK_PRICES } from '../../shared/prices/network-prices.ts';
import { networkRatesDate } from '../../shared/prices/network-rates.ts';
import { cloudDates } from '../../shared/prices/planning/clouds.ts';

/** Which price books there are and how old they are by now: all that this function reads of the world, without a call. */
export function gatherBooks(now: Date): readonly UsedBook[] {
  return agedBooks(
    [
      ...runningBookDates(),
      ['storage', bucketRatesDate()],
      ['network', networkRatesDate()],
      ['network inside Google Cloud', NETWORK_PRICES.asOf],
      ...cloudDates(),
    ],
    now,
  );
}
