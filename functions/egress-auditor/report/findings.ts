import { resourceList } from '../../../shared/report/console-link.ts';
import { type Child, type Markup, tag } from '../../../shared/report/markup.ts';
import {
  bytesText,
  countText,
  figure,
  shareText,
  usdRangeFigure,
  usdText,
} from '../../../shared/report/numbers.ts';
import { cardHeader, commandBlock, factList, label, shortList } from '../../../shared/report/page-parts.ts';
import { sentence, wholeText } from '../../../shared/report/text.ts';
import type { EgressReport, Finding } from './report.ts';
import { FINDING_KINDS } from './wording.ts';

export function noFindings({ incomplete }: EgressReport): string {
  return incomplete.length === 0
    ? 'No placement mistake was found.'
    : 'No placement mistake was found in what could be read. There may be some in the rest.';
}

export function findingCard(finding: Finding): Markup {
  const { id, kind, title, certainty, resources, evidence, command } = finding;
  return tag(
    'article',
    { class: 'card finding', 'data-id': id },
    cardHeader(
      [label(FINDING_KINDS[kind]), certainty === 'likely' ? label('likely', 'warn') : label('measured')],
      sentence(title),
      savingOf(finding),
    ),
    tag(
      'details',
      {},
      tag('summary', {}, `Evidence, ${resources.length === 1 ? 'resource' : 'resources'} and command`),
      factList([
        ...Object.entries(evidence).map(([name, value]) => [name, evidenceOf(name, value)] as const),
        [resources.length === 1 ? 'resource' : 'resources', resourceList(resources)],
      ]),
      commandBlock(command, `fixes "${FINDING_KINDS[kind]}"`),
    ),
  );
}

function savingOf({ usdPerMonth }: Finding): Markup {
  if (usdPerMonth === 'unpriced')
    return tag('p', { class: 'saving none' }, 'unpriced', tag('small', {}, 'what fixing it saves'));
  return tag('p', { class: 'saving' }, usdRangeFigure(usdPerMonth), tag('small', {}, 'saved a month'));
}

function evidenceOf(name: string, value: Finding['evidence'][string]): Child {
  if (typeof value === 'string') return wholeText(value);
  if (typeof value !== 'number') return shortList(value);
  if (/bytes/i.test(name)) return figure(value, bytesText(value));
  if (/usd/i.test(name)) return figure(value, usdText(value));
  if (/share/i.test(name)) return figure(value, shareText(value));
  return figure(value, countText(value));
}
