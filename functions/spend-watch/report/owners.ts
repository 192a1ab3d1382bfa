import type { OwnerBurn } from '../evidence/burn.ts';
import type { ProjectBurn } from './report.ts';

const NOTHING: OwnerBurn = { burnUsdPerHour: 0, todayUsd: 0, monthUsd: 0, monthEndUsd: 0, unpriced: 0 };

/** The owners of all projects together, the most expensive by the month's end first. Pure. */
export function sumOwners(
  projects: readonly Pick<ProjectBurn, 'owners'>[],
): readonly (readonly [string, OwnerBurn])[] {
  const sum = new Map<string, OwnerBurn>();
  for (const [owner, one] of projects.flatMap(({ owners = {} }) => Object.entries(owners))) {
    const was = sum.get(owner) ?? NOTHING;
    sum.set(owner, {
      burnUsdPerHour: was.burnUsdPerHour + one.burnUsdPerHour,
      todayUsd: was.todayUsd + one.todayUsd,
      monthUsd: was.monthUsd + one.monthUsd,
      monthEndUsd: was.monthEndUsd + one.monthEndUsd,
      unpriced: was.unpriced + one.unpriced,
    });
  }
  return [...sum].sort(([, a], [, b]) => b.monthEndUsd - a.monthEndUsd);
}
