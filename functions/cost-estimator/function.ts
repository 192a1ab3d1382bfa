import { requireSection } from '../../shared/policy/policy.ts';
import { formatHeaders } from '../../shared/report/formats.ts';
import type { HttpAnswer, HttpFunction } from '../../shared/run/handle-request.ts';
import { fileReceipt } from './act.ts';
import { configure, readRequest, type Requested } from './config.ts';
import { decideReport, type Report } from './decide.ts';
import { gatherBooks } from './gather.ts';
import { reportCsv } from './report/csv.ts';

/** The only outside request goes to the bucket that takes the receipt. */
const REQUEST_DEADLINE_MS = 30_000;

/** `GET /?hours=24&machineType=…`, `POST /`, `POST /fit`. */
export const estimatorFunction: HttpFunction<Requested> = {
  methods: { GET: 'with parameters', POST: 'with a list of resources, or a model to /fit' },
  pages: true,
  sections: ['estimates'],
  deadlineMs: REQUEST_DEADLINE_MS,
  read: readRequest,
  async answer(context, requested) {
    const startedAt = context.runtime.now();
    const config = configure(requested, requireSection(context.policy, 'estimates').region);
    const report = decideReport(gatherBooks(startedAt), config, startedAt);
    await fileReceipt(context, report, startedAt);
    return answerWith(report, requested);
  },
};

async function answerWith(report: Report, { format, table, fields }: Requested): Promise<HttpAnswer> {
  switch (format) {
    case 'json':
      return { body: report, headers: formatHeaders(format) };
    case 'csv': {
      const file = `${report.kind}-${report.region}-${table}.csv`;
      const headers = { ...formatHeaders(format), 'content-disposition': `attachment; filename="${file}"` };
      return { body: reportCsv(report, table), headers };
    }
    case 'html': {
      // Loaded here only: what draws pages is not needed for anything else.
      const { renderEstimatePage } = await import('./report/page.ts');
      const { text, headers } = renderEstimatePage(report, fields);
      return { body: text, headers };
    }
  }
}
