import { momentText } from '../../../shared/report/numbers.ts';
import type { ProjectBurn } from './report.ts';

/** How old what is known of regions is, at the most; undefined where each look sees all. */
export function regionsText(projects: readonly ProjectBurn[]): string | undefined {
  const behind = projects.flatMap(({ project, lookedAt, oldestRegionLook: seen }) =>
    seen !== undefined && (seen === 'never' || Date.parse(lookedAt) - Date.parse(seen) > LATE_MS)
      ? [{ project, seen }]
      : [],
  );
  const never = behind.find(({ seen }) => seen === 'never');
  const oldest = never ?? behind.sort((a, b) => a.seen.localeCompare(b.seen))[0];
  if (oldest === undefined) return undefined;
  const when = never === undefined ? `last seen at ${momentText(oldest.seen)}` : 'not seen in full yet';
  return `Regions of Vertex AI where nothing ran are looked at in turn: one of ${oldest.project} was ${when}.`;
}

/** A look takes some minutes at the most; what is older was left to a later one. */
const LATE_MS = 4 * 60_000;
