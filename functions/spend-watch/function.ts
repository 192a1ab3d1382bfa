import { runningBookDates } from '../../shared/prices/age/running-book-dates.ts';
import type { Sweep } from '../../shared/run/sweep.ts';
import { recordLook } from './act.ts';
import { configureWatch, type Config } from './config.ts';
import { judgeSpend } from './decide.ts';
import type { ProjectFacts } from './facts.ts';
import { gatherSpend } from './gather.ts';

export const watchSweep: Sweep<Config, ProjectFacts> = {
  sections: ['watch', 'budgets'],
  configure: configureWatch,
  gather: gatherSpend,
  decide: judgeSpend,
  limit: (plans) => plans,
  watches: () => false,
  act: recordLook,
  books: runningBookDates,
  saves: () => false,
};
