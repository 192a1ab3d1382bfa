import { tag, type Child, type Markup } from '../../../shared/report/markup.ts';
import { countText, figure, usdRangeFigure } from '../../../shared/report/numbers.ts';
import { cardHeader, commandBlock, factList, label, textList } from '../../../shared/report/page-parts.ts';
import { sentence, wholeText } from '../../../shared/report/text.ts';
import type { Finding } from './report.ts';

/** One finding with its evidence and the commands that fix it. */
export function findingCard(finding: Finding): Markup {
  const { fingerprint, title, detail, severity, cis, resource, place, evidence, commands, isNew } = finding;
  return tag(
    'article',
    { class: 'card finding', 'data-id': fingerprint },
    cardHeader(
      [
        label(severity, severity === 'critical' || severity === 'high' ? 'warn' : 'plain'),
        ...(cis === null ? [] : [label(`CIS ${cis}`)]),
        ...(isNew === true ? [label('new', 'warn')] : []),
      ],
      sentence(`${title}: ${detail}`, 400),
      moneyOf(finding),
    ),
    factList([
      ['resource', wholeText(resource)],
      ...(place === null ? [] : [['place', wholeText(place)] as const]),
      ...Object.entries(evidence).map(([name, value]) => [name, evidenceOf(value)] as const),
    ]),
    ...commands.map((command) => commandBlock(command, `fixes "${title}"`)),
  );
}

function moneyOf({ usdPerMonth }: Finding): Markup | undefined {
  if (usdPerMonth === null) return undefined;
  if (usdPerMonth === 'unpriced')
    return tag('p', { class: 'saving none' }, 'unpriced', tag('small', {}, 'what it costs'));
  return tag('p', { class: 'saving' }, usdRangeFigure(usdPerMonth), tag('small', {}, 'a month'));
}

function evidenceOf(value: Finding['evidence'][string]): Child {
  if (typeof value === 'number') return figure(value, countText(value));
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' ? wholeText(value) : textList(value);
}
