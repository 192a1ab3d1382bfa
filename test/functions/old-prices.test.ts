import { describe, expect, it } from 'vitest';
import { auditTable } from '../../deploy/commands/audit-table.ts';
import { reportCsv as estimateCsv } from '../../functions/cost-estimator/report/csv.ts';
import { renderEstimatePage } from '../../functions/cost-estimator/report/page.ts';
import { judgeEgress } from '../../functions/egress-auditor/decide.ts';
import { reportCsv as egressCsv } from '../../functions/egress-auditor/report/csv.ts';
import { renderReportPage } from '../../functions/egress-auditor/report/page.ts';
import { renderScopePage } from '../../functions/egress-auditor/report/scope-page.ts';
import { scopeCsv as egressScopeCsv, scopeJson } from '../../functions/egress-auditor/report/scope.ts';
import type { ProjectResult } from '../../functions/egress-auditor/report/scope.ts';
import { scopeHead } from '../../functions/egress-auditor/scope.ts';
import { judgeProject } from '../../functions/guardrail-audit/decide.ts';
import { whole } from '../../functions/guardrail-audit/reading.ts';
import { auditCsv } from '../../functions/guardrail-audit/report/csv.ts';
import { renderAuditPage } from '../../functions/guardrail-audit/report/page.ts';
import { buildReport, type AuditReport } from '../../functions/guardrail-audit/report/report.ts';
import { auditSarif } from '../../functions/guardrail-audit/report/sarif.ts';
import { scopeCsv as auditScopeCsv } from '../../functions/guardrail-audit/report/scope-csv.ts';
import { renderScopePage as renderAuditScopePage } from '../../functions/guardrail-audit/report/scope-page.ts';
import { joinScope, scopeRow, type ScopeReport } from '../../functions/guardrail-audit/report/scope.ts';
import { answer } from '../support/request-estimate.ts';
import { everyDay, factsOf } from '../support/egress-facts.ts';
import { clean, config, key, account, PROJECT, SERVING } from '../support/guardrail-facts.ts';

const LATE = new Date('2027-06-01T12:00:00Z');
/** When no book was older than 90 days; some were not there yet. */
const EARLY = new Date('2025-09-01T12:00:00Z');

const estimate = (now: Date) => answer('/', { machineType: 'e2-medium' }, undefined, now);
const fit = (now: Date) => answer('/fit', { parameters: '8e9' }, undefined, now);

const egress = (now: Date) =>
  judgeEgress(
    factsOf({
      vms: [{ id: 'a', zone: 'us-central1-a', tier: 'PREMIUM' }],
      flows: [{ from: 'vm:a', to: 'country:usa/America', gib: everyDay(10) }],
    }),
    { project: 'ml-lab', window: { requested: '7d', hours: 168 }, reportAboveUsdPerMonth: 1 },
    now,
  );

const egressHead = (now: Date) => scopeHead({ scope: ['ml-lab'], incomplete: [] }, egress(now).window, now);

async function* egressResults(now: Date): AsyncGenerator<ProjectResult> {
  yield await Promise.resolve({ project: 'ml-lab', report: egress(now) });
}

async function joined(parts: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const part of parts) text += part;
  return text;
}

function audit(now: Date): AuditReport {
  const facts = { ...clean, accounts: whole([account(SERVING, [key])]) };
  return buildReport(PROJECT, judgeProject(facts, config, now), now, undefined, {});
}

/** The newest audits of a scope, of which one rests on old books. */
function auditScope(now: Date): ScopeReport {
  const { oldPrices } = audit(now);
  const evidence = {
    ...{ points: 50, grade: 'F', findings: 1, usdPerMonth: { low: 0, high: 0 }, unpriced: 0, mistakes: {} },
    ...(oldPrices && { oldPrices }),
  };
  const score = { resource: PROJECT, action: 'keep', reason: 'score', evidence, usdPerHour: 0 };
  const receipt = { runId: 'r', startedAtMs: now.getTime(), decisions: [score], incomplete: [] };
  const about = { generatedAt: now.toISOString(), ownerLabel: undefined, incomplete: [] };
  return joinScope([scopeRow(PROJECT, { why: 'denied' }, whole(receipt))], about);
}

type Rendering = readonly [what: string, render: (now: Date) => string | Promise<string>];

const REPORTS: readonly Rendering[] = [
  ['estimate as JSON', (now) => JSON.stringify(estimate(now))],
  ['estimate as CSV', (now) => estimateCsv(estimate(now), 'lines')],
  ['estimate as a page', (now) => renderEstimatePage(estimate(now), {}).text],
  ['fit as JSON', (now) => JSON.stringify(fit(now))],
  ['fit as CSV', (now) => estimateCsv(fit(now), 'tiers')],
  ['fit as a page', (now) => renderEstimatePage(fit(now), {}).text],
  ['egress report as JSON', (now) => JSON.stringify(egress(now))],
  ['egress report as CSV', (now) => egressCsv(egress(now), 'lanes')],
  ['egress report as a page', (now) => renderReportPage(egress(now)).text],
  ['egress of a scope as JSON', (now) => joined(scopeJson(egressHead(now), egressResults(now)))],
  ['egress of a scope as CSV', (now) => joined(egressScopeCsv(egressHead(now), egressResults(now), 'lanes'))],
  [
    'egress of a scope as a page',
    (now) => joined(renderScopePage(egressHead(now), egressResults(now)).parts),
  ],
  ['audit as JSON', (now) => JSON.stringify(audit(now))],
  ['audit as CSV', (now) => auditCsv(audit(now))],
  ['audit as a page', (now) => renderAuditPage(audit(now)).text],
  ['audit as SARIF', (now) => JSON.stringify(auditSarif(audit(now)))],
  ['audit in the terminal', (now) => auditTable(audit(now))],
  ['audit of a scope as JSON', (now) => JSON.stringify(auditScope(now))],
  ['audit of a scope as CSV', (now) => auditScopeCsv(auditScope(now))],
  ['audit of a scope as a page', (now) => renderAuditScopePage(auditScope(now), 'receipts').text],
];

const SAID = 'Price books older than 90 days: ';

describe('price books that are older than 90 days', () => {
  it.each(REPORTS)('are said by the %s, and only where there are some', async (_, render) => {
    expect(await render(LATE)).toContain(SAID);
    expect(await render(EARLY)).not.toContain(SAID);
  });

  it('are said by the egress of a scope before its first project', async () => {
    const nothing = (async function* (): AsyncGenerator<ProjectResult> {})();
    expect(await joined(renderScopePage(egressHead(LATE), nothing).parts)).toContain(SAID);
  });
});
