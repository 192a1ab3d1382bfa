import { runningBookDates } from '../../shared/prices/age/running-book-dates.ts';
import { formatHeaders } from '../../shared/report/formats.ts';
import type { HttpAnswer, HttpFunction } from '../../shared/run/handle-request.ts';
import type { Sweep } from '../../shared/run/sweep.ts';
import { recordLook } from './act.ts';
import { configureWatch, type Config } from './config.ts';
import { judgeSpend } from './decide.ts';
import type { ProjectFacts } from './facts.ts';
import { gatherSpend } from './gather.ts';
import { METRICS_TYPE, writeMetrics } from './report/metrics.ts';
import { readBurn } from './report/read.ts';
import type { BurnReport } from './report/report.ts';
import { readRequest, type Requested } from './report/request.ts';

export const watchSweep: Sweep<Config, ProjectFacts> = {
  sections: ['watch', 'budgets'],
  tellsOfAll: true,
  configure: configureWatch,
  gather: gatherSpend,
  decide: judgeSpend,
  limit: (plans) => plans,
  watches: () => false,
  act: recordLook,
  books: runningBookDates,
  saves: () => false,
};

/** A scraper gives up sooner, and what is behind it is one read of the state bucket a project. */
const REQUEST_DEADLINE_MS = 120_000;

/** `GET /?project=ID`, without a project the whole scope, and `GET /metrics`. It reads what the ticks wrote, and looks at nothing anew. */
export const watchRequests: HttpFunction<Requested> = {
  methods: { GET: 'for the burn' },
  pages: true,
  sections: ['watch', 'budgets'],
  deadlineMs: REQUEST_DEADLINE_MS,
  read: readRequest,
  async answer(context, requested) {
    const report = await readBurn(context, configureWatch(context.policy), requested);
    return answerWith(report, requested);
  },
};

async function answerWith(report: BurnReport, { format }: Requested): Promise<HttpAnswer> {
  switch (format) {
    case 'json':
      return { body: report, headers: formatHeaders(format) };
    case 'openmetrics':
      return {
        body: writeMetrics(report),
        headers: { ...formatHeaders('json'), 'content-type': METRICS_TYPE },
      };
    case 'html': {
      // Loaded here only: what draws pages is not needed for anything else.
      const { renderBurnPage } = await import('./report/page.ts');
      const { text, headers } = renderBurnPage(report);
      return { body: text, headers };
    }
  }
}
