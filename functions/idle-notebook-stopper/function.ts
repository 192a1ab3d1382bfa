import { computeBookDates } from '../../shared/prices/age/compute-book-dates.ts';
import { networkRatesDate } from '../../shared/prices/network-rates.ts';
import type { Sweep } from '../../shared/run/sweep.ts';
import { type Config, configureNotebooks } from './config.ts';
import { isRemembered, judgeNotebook, savesMoney } from './decide.ts';
import type { NotebookFacts } from './facts.ts';
import { gatherNotebooks } from './gather.ts';
import { actAndTell } from './notice/tell.ts';
import { limitPlans } from './verdict/limit-actions.ts';

export const notebookSweep: Sweep<Config, NotebookFacts> = {
  sections: ['notebooks'],
  configure: configureNotebooks,
  gather: gatherNotebooks,
  decide: judgeNotebook,
  limit: limitPlans,
  watches: isRemembered,
  act: actAndTell,
  books: () => [...computeBookDates(), ['network', networkRatesDate()]],
  saves: savesMoney,
};
