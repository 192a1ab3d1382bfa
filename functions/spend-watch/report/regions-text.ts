import { countText } from '../../../shared/report/numbers.ts';
import type { ProjectBurn } from './report.ts';

/** A look takes some minutes at the most; what is older was left to a later one. */
const LATE_MS = 4 * 60_000;

/** How old what is known of regions is, at the most; undefined where each look sees all. */
export function regionsText(projects: readonly ProjectBurn[]): string | undefined {
  const oldest = projects.filter(isBehind).reduce<ProjectBurn | undefined>(older, undefined);
  if (oldest === undefined) return undefined;
  const { project, oldestRegionMinutes: minutes } = oldest;
  const when =
    typeof minutes === 'number'
      ? `the oldest look, at one of ${project}, is ${ageText(minutes)} old`
      : `one of ${project} was not looked at yet`;
  return `Regions of Vertex AI where nothing ran are looked at in turn: ${when}. A job that both began and ended between two of these looks counts at the next one; an endpoint, pool or runtime is in no bound.`;
}

/** `47 minutes`, and hours from two on. */
function ageText(minutes: number): string {
  return minutes < 120 ? `${countText(minutes)} minutes` : `${countText(Math.round(minutes / 6) / 10)} hours`;
}

function isBehind({ lookedAt, oldestRegionLook: seen }: ProjectBurn): boolean {
  return seen === 'never' || (seen !== undefined && Date.parse(lookedAt) - Date.parse(seen) > LATE_MS);
}

function older(a: ProjectBurn | undefined, b: ProjectBurn): ProjectBurn {
  const age = ({ oldestRegionMinutes: minutes }: ProjectBurn): number => minutes ?? Infinity;
  return a === undefined || age(b) > age(a) ? b : a;
}
