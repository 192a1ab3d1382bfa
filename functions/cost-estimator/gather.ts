import { agedBooks, type UsedBook } from '../../shared/prices/age/book-age.ts';
import { bucketRatesDate } from '../../shared/prices/bucket-rates.ts';
import { computeBookDates } from '../../shared/prices/age/compute-book-dates.ts';
import { networkRatesDate } from '../../shared/prices/network-rates.ts';
import { cloudDates } from '../../shared/prices/planning/clouds.ts';
import { vertexDate } from '../../shared/prices/planning/vertex.ts';
import { tpuPricesDate } from '../../shared/prices/tpu-price.ts';

/** Which price books there are and how old they are by now: all that this function reads of the world, without a call. */
export function gatherBooks(now: Date): readonly UsedBook[] {
  return agedBooks(
    [
      ...computeBookDates(),
      ['TPUs', tpuPricesDate()],
      ['storage', bucketRatesDate()],
      ['network', networkRatesDate()],
      ['Vertex AI', vertexDate()],
      ...cloudDates(),
    ],
    now,
  );
}
