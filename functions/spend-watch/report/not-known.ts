import { momentText } from '../../../shared/report/numbers.ts';
import type { BurnReport, ProjectBurn } from './report.ts';

/** Of regions in a text. */
const MAX_NAMED = 5;

/** What the numbers lack, a sentence each. */
export function notKnown({ projects, notEvaluable, incomplete }: BurnReport): readonly string[] {
  return [
    ...notEvaluable.map(({ project, notEvaluable: why }) => `${project}: not evaluable, ${why}`),
    ...projects
      .filter(({ complete }) => !complete)
      .map(({ project, gaps }) => [`${project}: not all could be seen`, ...gaps.map(gapText)].join('; ')),
    ...projects
      .filter((one) => unseenText(one) !== undefined)
      .map((one) => `${one.project}: ${unseenText(one) ?? ''}`),
    ...projects
      .filter(({ stale }) => stale)
      .map(
        ({ project, lookedAt }) =>
          `${project}: last seen at ${momentText(lookedAt)}; what runs now is not known`,
      ),
    ...incomplete.map(gapText),
  ];
}

/** What no channel was told of, a sentence or two each. */
export function notToldTexts({ projects }: Pick<BurnReport, 'projects'>): readonly string[] {
  return projects.flatMap(({ notTold = [] }) =>
    notTold.map(({ says, foundAt }) => `${says} Seen at ${momentText(foundAt)}.`),
  );
}

/** Which regions of Vertex AI were not looked at, or too long ago to say something of now; undefined where all were. */
export function unseenText({
  unseenRegions: unseen,
  oldestRegionLook: oldest,
}: Pick<ProjectBurn, 'unseenRegions' | 'oldestRegionLook'>): string | undefined {
  if (unseen.length === 0)
    return oldest === 'never' ? 'which regions of Vertex AI were looked at is not known' : undefined;
  const more = unseen.length > MAX_NAMED ? ', …' : '';
  const regions = unseen.length === 1 ? 'region of Vertex AI was' : 'regions of Vertex AI were';
  return `${unseen.length} ${regions} not looked at within six hours: ${unseen.slice(0, MAX_NAMED).join(', ')}${more}`;
}

function gapText({ where, why }: { readonly where: string; readonly why: string }): string {
  return `${where}: ${why}`;
}
