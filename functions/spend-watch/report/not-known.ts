import { momentText } from '../../../shared/report/numbers.ts';
import type { BurnReport } from './report.ts';

/** What the numbers lack, a sentence each. */
export function notKnown({ projects, notEvaluable, incomplete }: BurnReport): readonly string[] {
  return [
    ...notEvaluable.map(({ project, notEvaluable: why }) => `${project}: not evaluable, ${why}`),
    ...projects
      .filter(({ complete }) => !complete)
      .map(({ project, gaps }) => [`${project}: not all could be seen`, ...gaps.map(gapText)].join('; ')),
    ...projects
      .filter(({ stale }) => stale)
      .map(
        ({ project, lookedAt }) =>
          `${project}: last seen at ${momentText(lookedAt)}; what runs now is not known`,
      ),
    ...incomplete.map(gapText),
  ];
}

function gapText({ where, why }: { readonly where: string; readonly why: string }): string {
  return `${where}: ${why}`;
}
