import { usdRangeText } from '../../../shared/report/numbers.ts';
import { visible } from '../../../shared/report/text.ts';
import type { AuditReport, Finding, MistakeResult } from './report.ts';

const WORDS = { pass: 'pass', fail: 'FAIL', 'not-evaluable': '?' } as const;

/** The audit for a terminal: the eight in a line each, then the findings with their commands. */
export function auditTable(report: AuditReport): string {
  const { project, score, mistakes, findings } = report;
  const points = score.points === undefined ? 'nothing could be evaluated' : `${score.points} of 100 points`;
  return [
    `${project}: ${score.grade ?? 'no grade'}, ${points}`,
    `  ${score.how}`,
    '',
    ...mistakes.map(mistakeLine),
    '',
    ...findings.flatMap(findingLines),
    ...mistakes.flatMap(({ rules }) =>
      rules
        .filter(({ status }) => status === 'not-evaluable')
        .flatMap(({ rule, gaps, remedy }) => [
          visible(`?         ${rule}: ${gaps.join('; ')}`),
          ...(remedy === null || remedy === '' ? [] : [`            ${remedy}`]),
        ]),
    ),
    '',
  ].join('\n');
}

function mistakeLine({ number, title, status, findings, usdPerMonth, unpriced }: MistakeResult): string {
  const money =
    usdPerMonth.high > 0 ? `, ${usdRangeText(usdPerMonth)} a month` : unpriced > 0 ? ', unpriced' : '';
  const count = findings === 0 ? '' : `  ${findings} ${findings === 1 ? 'finding' : 'findings'}${money}`;
  return `  ${WORDS[status].padEnd(5)} ${number}. ${title.padEnd(40)}${count}`.trimEnd();
}

function findingLines({
  severity,
  rule,
  cis,
  resource,
  place,
  detail,
  commands,
}: Finding): readonly string[] {
  return [
    visible(
      `${severity.padEnd(9)} ${rule}${cis === null ? '' : ` (CIS ${cis})`}: ${resource}${place === null ? '' : ` ${place}`}`,
    ),
    visible(`            ${detail}`),
    ...commands.map((command) => `            ${command}`),
  ];
}
