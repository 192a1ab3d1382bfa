import { hung, told } from '../../deploy/commands/terminal-lines.ts';
import type { AuditReport } from '../../functions/guardrail-audit/report/report.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { headline } from './headline.ts';

/** The audit's story: what was wrong in the runaway project before it ran away, most money first. */
export async function tellAuditStory(sandbox: Sandbox, url: string): Promise<void> {
  headline(sandbox, 'Which of the eight mistakes did it make? The audit looks, and says what fixes each.');
  const response = await fetch(`${url}&format=json`);
  if (!response.ok) throw new Error(`The audit is a ${response.status}: ${await response.text()}`);
  console.log(storyLines((await response.json()) as AuditReport, url).join('\n'));
}

/** Within 80 columns, but for commands: each stands whole in a line of its own, to be copied. */
export function storyLines(
  { project, score, mistakes, findings: [first] }: AuditReport,
  url: string,
): readonly string[] {
  return [
    ...told(`${project}: grade ${score.grade ?? 'none'}, ${score.points ?? 'no'} of 100 points.`, 0),
    ...mistakes.flatMap(({ number, title, status, findings }) =>
      hung(
        `${status.replaceAll('-', ' ').padEnd(14)} ${number}. `,
        `${title}${findings === 0 ? '' : ` (${findings})`}`,
      ),
    ),
    ...(first === undefined
      ? []
      : [
          ...hung('First to fix: ', `${first.detail}.`, 0),
          ...first.commands.map((command) => `    ${command}`),
        ]),
    ...hung('The audit: ', url, 0),
  ];
}
