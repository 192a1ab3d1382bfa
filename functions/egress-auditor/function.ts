import { formatHeaders } from '../../shared/report/formats.ts';
import type { HttpAnswer, HttpFunction } from '../../shared/run/handle-request.ts';
import { fileReceipt } from './act.ts';
import { chooseTargets, configure, readRequest, type Requested } from './config.ts';
import { reportCsv } from './report/csv.ts';
import { judgeEgress } from './decide.ts';
import { gatherEgress } from './gather.ts';
import type { EgressReport } from './report/report.ts';
import { reportScope } from './scope.ts';
import { emptyNeighbour, othersOf, readNeighbours } from './traffic/other-projects.ts';
import { windowOf } from './traffic/window.ts';

/** A caller waits for the answer; Cloud Run's default is to give up after 60 s, deploy sets more. */
const REQUEST_DEADLINE_MS = 240_000;

/** `GET /?project=ID&window=7d`; without a project the whole scope. */
export const auditFunction: HttpFunction<Requested> = {
  methods: { GET: 'for the report' },
  pages: true,
  sections: ['egress'],
  deadlineMs: REQUEST_DEADLINE_MS,
  read: readRequest,
  async answer(context, requested) {
    const { api, policy, runtime } = context;
    const startedAt = runtime.now();
    const targets = await chooseTargets(api, policy, requested);
    const { project, scope } = targets;
    if (project === undefined) return reportScope(context, requested, targets);
    const config = configure(policy, requested, project);
    const neighbours = await readNeighbours(
      api,
      scope.filter((one) => one !== project),
      windowOf(config, startedAt),
    );
    const unlisted = targets.incomplete.map(({ where, why }) => emptyNeighbour(where, why));
    const facts = await gatherEgress(api, config, startedAt, othersOf([...neighbours, ...unlisted], project));
    const report = judgeEgress(facts, config, startedAt);
    await fileReceipt(context, report, startedAt);
    return answerWith(report, requested);
  },
};

async function answerWith(report: EgressReport, { format, table }: Requested): Promise<HttpAnswer> {
  switch (format) {
    case 'json':
      return { body: report, headers: formatHeaders(format) };
    case 'csv': {
      const file = `egress-${report.project.replace(/[^\w.-]/g, '_')}-${table}.csv`;
      const headers = { ...formatHeaders(format), 'content-disposition': `attachment; filename="${file}"` };
      return { body: reportCsv(report, table), headers };
    }
    case 'html': {
      // Loaded here only: what draws pages is not needed for anything else.
      const { renderReportPage } = await import('./report/page.ts');
      const { text, headers } = renderReportPage(report);
      return { body: text, headers };
    }
  }
}
