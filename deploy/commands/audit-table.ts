import { atStakeText } from '../../functions/guardrail-audit/report/at-stake.ts';
import type {
  AuditReport,
  Finding,
  MistakeResult,
  RuleResult,
} from '../../functions/guardrail-audit/report/report.ts';
import type { Trend } from '../../functions/guardrail-audit/report/trend.ts';
import { countText, momentText, usdRangeText } from '../../shared/report/numbers.ts';
import { hung, told } from './terminal-lines.ts';

const WORDS = { pass: 'pass', fail: 'FAIL', 'not-evaluable': '?' } as const;

const MARKS = { new: '+', fixed: '-', unknown: '?', open: '=' } as const;

/** Column in which what is told of a finding starts. */
const INDENT = 10;
const TITLE = 38;

/**
 * The audit for a terminal of 80 columns: the eight in a line each, what changed, then the findings with their commands. Only
 * commands and names are longer than a line, for they are copied.
 */
export function auditTable(report: AuditReport): string {
  const { project, score, mistakes, findings, trend, oldPrices } = report;
  const points = score.points === undefined ? 'nothing could be evaluated' : `${score.points} of 100 points`;
  const unknown = mistakes.flatMap(({ rules }) => rules).filter(({ status }) => status === 'not-evaluable');
  return [
    `${project}: ${score.grade ?? 'no grade'}, ${points}`,
    ...told(score.how),
    ...told(`${counted(findings.length, 'finding')}${atStake(report)}`),
    ...(oldPrices === undefined ? [] : told(oldPrices)),
    '',
    `${' '.repeat(TITLE + 10)}findings  USD a month`,
    ...mistakes.map(mistakeLine),
    '',
    ...(trend === null ? [] : [...changeLines(trend), '']),
    ...findings.flatMap(findingLines),
    ...unknown.flatMap(unknownLines),
    '',
  ].join('\n');
}

function atStake(report: AuditReport): string {
  const { unpriced } = report;
  const money = atStakeText(report);
  return `${money === undefined ? '' : `, ${money}`}${unpriced > 0 ? `, ${countText(unpriced)} unpriced` : ''}`;
}

function counted(count: number, what: string): string {
  return `${countText(count)} ${what}${count === 1 ? '' : 's'}`;
}

function mistakeLine(mistake: MistakeResult): string {
  const { number, title, status, findings } = mistake;
  const count = findings === 0 ? '' : countText(findings).padStart(8);
  return `  ${WORDS[status].padEnd(4)} ${number}. ${title.padEnd(TITLE)}${count}  ${moneyCell(mistake)}`.trimEnd();
}

/** `$12.00+` where there may be more: the line has no room for words. */
function moneyCell({ usdPerMonth, unpriced, isMoneyPartial }: MistakeResult): string {
  if (usdPerMonth.high > 0) return `${usdRangeText(usdPerMonth)}${isMoneyPartial ? '+' : ''}`;
  return unpriced > 0 ? 'unpriced' : isMoneyPartial ? 'unknown' : '';
}

/** What is still open follows as findings. */
function changeLines({ at, added, fixed, open, unknown, changes }: Trend): readonly string[] {
  const counts = [
    `${countText(added)} new`,
    `${countText(fixed)} fixed`,
    `${countText(open)} still open`,
    ...(unknown === 0 ? [] : [`${countText(unknown)} not evaluable now`]),
  ];
  const named = changes.filter(({ change }) => change !== 'open');
  return [
    ...told(`Since ${momentText(at)}: ${counts.join(', ')}`),
    ...named.flatMap(({ change, rule, resource, place }) =>
      told(`${MARKS[change]} ${rule}: ${resource}${place === null ? '' : ` ${place}`}`, 4),
    ),
  ];
}

function findingLines(finding: Finding): readonly string[] {
  const { severity, rule, cis, resource, place, detail, usdPerMonth, commands } = finding;
  const money =
    usdPerMonth === null
      ? ''
      : `, ${usdPerMonth === 'unpriced' ? usdPerMonth : `${usdRangeText(usdPerMonth)} a month`}`;
  return [
    ...hung(severity.padEnd(INDENT), `${rule}${cis === null ? '' : ` (CIS ${cis})`}${money}: ${resource}`, 0),
    // A place that the sentence names is not told twice.
    ...(place === null || detail.includes(place) ? [] : told(place, INDENT)),
    ...told(detail, INDENT),
    ...commands.map(commandLine),
  ];
}

function unknownLines({ rule, gaps, remedy }: RuleResult): readonly string[] {
  return [
    ...hung('?'.padEnd(INDENT), `${rule}: ${gaps.join('; ')}`, 0),
    ...(remedy === null || remedy === '' ? [] : [commandLine(remedy)]),
  ];
}

function commandLine(command: string): string {
  return `${' '.repeat(INDENT)}$ ${command}`;
}
