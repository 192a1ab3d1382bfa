import { describe, expect, it } from 'vitest';
import { auditTable } from '../../../deploy/commands/audit-table.ts';
import { judgeProject } from '../../../functions/guardrail-audit/decide.ts';
import { buildReport } from '../../../functions/guardrail-audit/report/report.ts';
import { clean, config, NOW, PROJECT } from '../../support/guardrail-facts.ts';
import { CASES } from '../../support/guardrail-mistakes.ts';

const tables = CASES.map(({ facts }) =>
  auditTable(
    buildReport(PROJECT, judgeProject({ ...clean, ...facts }, config, NOW), NOW, undefined, { 'a.list': 3 }),
  ),
);

describe('the audit for a terminal', () => {
  it('has no line over 80 columns but commands and names, which are copied whole', () => {
    for (const table of tables)
      for (const line of table.split('\n'))
        if (line.length > 80) expect(line).toMatch(/^ {10}(?:\$ .+|\S+)$/);
  });

  it('tells each finding with its money and commands, and what could not be evaluated', () => {
    const all = tables.join('\n');
    expect(all).toContain('high      endpoint-idle, $1,200.00 – $1,300.00 a month:');
    expect(all).toContain('          $ gcloud ai endpoints undeploy-model 88 ');
    expect(all).toContain('?         egress-finding: permission denied');
    expect(all).toContain('  1 finding, $1,200.00 – $1,300.00 a month at stake');
    expect(all).not.toMatch(/undefined|NaN|\[object/);
  });
});
