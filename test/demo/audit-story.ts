import type { AuditReport } from '../../functions/guardrail-audit/report/report.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { headline } from './headline.ts';

/** The audit's story: what was wrong in the runaway project before it ran away, most money first. */
export async function tellAuditStory(sandbox: Sandbox, url: string): Promise<void> {
  headline(sandbox, 'Which of the eight mistakes did it make? The audit looks, and says what fixes each.');
  const response = await fetch(`${url}&format=json`);
  if (!response.ok) throw new Error(`The audit is a ${response.status}: ${await response.text()}`);
  const { project, score, mistakes, findings } = (await response.json()) as AuditReport;
  console.log(`${project}: grade ${score.grade ?? 'none'}, ${score.points ?? 'no'} of 100 points.`);
  for (const { number, title, status, findings: count } of mistakes)
    console.log(`  ${status.padEnd(14)} ${number}. ${title}${count === 0 ? '' : ` (${count})`}`);
  const [first] = findings;
  if (first !== undefined) console.log(`First to fix: ${first.detail}.\n  ${first.commands.join('\n  ')}`);
  console.log(`The audit: ${url}`);
}
