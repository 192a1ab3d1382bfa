import type { Notice, NoticeItem } from '../../../shared/notify/notice.ts';
import { countText } from '../../../shared/report/numbers.ts';
import { resourceId } from '../../../shared/google/resource-name.ts';
import { atStakeText } from './at-stake.ts';
import type { ScopeReport, ScopeRow, ScopeTrend } from './scope.ts';

/** The week's audits as one message: a line a project, the most money first. `week` is that of the id. */
export function digestOf(report: ScopeReport, week: string, ownerLabel: string): Notice {
  const { projects, total } = report;
  const failing = projects.filter(({ audit }) => (audit?.findings ?? 0) > 0).length;
  const missing = total.projects - total.audited;
  const parts = [
    `${countText(failing)} of ${counted(total.projects, 'project')} with findings`,
    ...some(atStakeText(total)),
    ...(total.unpriced > 0 ? [`${counted(total.unpriced, 'finding')} unpriced`] : []),
    ...(missing > 0 ? [`${countText(missing)} not audited`] : []),
  ];
  return {
    id: `guardrail-audit/${week}`,
    functionName: 'guardrail-audit',
    title: `Guardrail audit of ${week}: ${parts.join(', ')}`,
    items: projects.map((row) => itemOf(row, ownerLabel)),
  };
}

function itemOf({ project, labels, audit, why }: ScopeRow, ownerLabel: string): NoticeItem {
  const head = { resource: `projects/${project}`, action: 'report', owner: labels[ownerLabel] };
  if (audit === null)
    return { ...head, text: `${project}: not audited, so what it costs and lacks is unknown: ${why ?? ''}` };
  const { grade, points, findings, unpriced, trend } = audit;
  const said = [
    `${grade ?? 'no grade'}${points === null ? '' : `, ${points} of 100 points`}`,
    counted(findings, 'finding'),
    ...some(atStakeText(audit)),
    ...(unpriced > 0 ? [`${countText(unpriced)} unpriced`] : []),
    ...(trend === null
      ? []
      : [`${countText(trend.added)} new and ${countText(trend.fixed)} fixed since the audit before`]),
  ];
  return {
    ...head,
    text: `${project}: ${said.join('; ')}.${changesOf(trend)}${findings === 0 ? '' : ` All of them: npm run audit -- --project ${project}`}`,
  };
}

/** What is new and what was fixed, by rule and resource; what more there is stands in the report. */
function changesOf(trend: ScopeTrend | null): string {
  if (trend === null) return '';
  const told = (kind: 'new' | 'fixed', count: number): string => {
    const some = trend.changes.filter(({ change }) => change === kind);
    const [first] = some;
    if (first === undefined) return '';
    const more = count > some.length ? `, and ${countText(count - some.length)} more` : '';
    const names = some.map(({ rule, resource, place }) => `${rule} (${place ?? resourceId(resource)})`);
    return ` ${kind === 'new' ? 'New' : 'Fixed'}: ${names.join(', ')}${more}.`;
  };
  return `${told('new', trend.added)}${told('fixed', trend.fixed)}`;
}

function some(text: string | undefined): readonly string[] {
  return text === undefined ? [] : [text];
}

function counted(count: number, what: string): string {
  return `${countText(count)} ${what}${count === 1 ? '' : 's'}`;
}
