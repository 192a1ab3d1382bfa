import { describe, expect, it } from 'vitest';
import { judgeProject } from '../../functions/guardrail-audit/decide.ts';
import { buildReport } from '../../functions/guardrail-audit/report/report.ts';
import { clean, config, NOW, PROJECT } from '../support/guardrail-facts.ts';
import { CASES } from '../support/guardrail-mistakes.ts';
import { storyLines } from './audit-story.ts';

const reports = [{ facts: {} }, ...CASES].map(({ facts }) =>
  buildReport(PROJECT, judgeProject({ ...clean, ...facts }, config, NOW), NOW, undefined, {}),
);

describe('the audit’s story in the demo', () => {
  it('is within 80 columns, but for its commands, which stand whole', () => {
    for (const report of reports) {
      const commands = report.findings[0]?.commands ?? [];
      const lines = storyLines(report, `http://127.0.0.1:8088/?project=${PROJECT}`);
      const told = lines.filter((line) => !commands.includes(line.trim()));
      expect(lines.length - told.length).toBe(commands.length);
      for (const line of told) expect(line.length, line).toBeLessThanOrEqual(80);
    }
  });

  it('tells each mistake, the first finding and where the page is', () => {
    const text = reports.map((report) => storyLines(report, 'http://here/').join('\n')).join('\n');
    expect(text).toMatch(/^ {2}fail {11}3\. Machines larger than what they run \(1\)$/m);
    expect(text).toMatch(/^First to fix: "ranking" keeps 2 x g2-standard-8 for "ranker" up,/m);
    expect(text).toMatch(/^ {4}gcloud ai endpoints undeploy-model 88 /m);
    expect(text).toMatch(/^The audit: http:\/\/here\/$/m);
  });
});
