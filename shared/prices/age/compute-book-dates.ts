import type { BookDate } from './book-age.ts';
import { diskPricesDate } from '../disk-price.ts';
import { gpuPricesDate } from '../gpu-price.ts';
import { catalogDate } from '../machine-catalog.ts';
import { machinePricesDate } from '../machine-price.ts';
import { tpuPricesDate } from '../tpu-price.ts';

/** The books that the price of a VM is made of; machine types that bring TPUs along are among them. */
export const computeBookDates = (): readonly BookDate[] => [
  ['machine types', catalogDate()],
  ['machines', machinePricesDate()],
  ['GPUs', gpuPricesDate()],
  ['disks', diskPricesDate()],
  ['TPUs', tpuPricesDate()],
];
