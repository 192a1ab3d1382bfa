import { bucketRatesDate } from '../../shared/prices/bucket-rates.ts';
import { diskPricesDate } from '../../shared/prices/disk-price.ts';
import { gpuPricesDate } from '../../shared/prices/gpu-price.ts';
import { catalogDate } from '../../shared/prices/machine-catalog.ts';
import { machinePricesDate } from '../../shared/prices/machine-price.ts';
import { networkRatesDate } from '../../shared/prices/network-rates.ts';
import { cloudsDate } from '../../shared/prices/planning/clouds.ts';
import { isOld } from '../../shared/prices/spot.ts';

/** A price book that an answer rests on. */
export interface UsedBook {
  readonly book: string;
  /** The day of most of its prices. */
  readonly asOf: string;
  /** Older than 90 days. */
  readonly old: boolean;
}

/** Which price books there are and how old they are by now: all that this function reads of the world, without a call. */
export function gatherBooks(now: Date): readonly UsedBook[] {
  const dates: readonly (readonly [book: string, asOf: string])[] = [
    ['machine types', catalogDate()],
    ['machines', machinePricesDate()],
    ['GPUs', gpuPricesDate()],
    ['disks', diskPricesDate()],
    ['storage', bucketRatesDate()],
    ['network', networkRatesDate()],
    ['AWS and Azure', cloudsDate()],
  ];
  return dates.map(([book, asOf]) => ({ book, asOf, old: isOld(asOf, now) }));
}
