import type { AuditConfig } from '../config.ts';
import type { ProjectFacts } from '../facts.ts';

/** What a project is for, by its label or its name. */
export type Environment = 'production' | 'other' | 'unknown';

const PRODUCTION_NAME = /(?:^|-)(?:prod|prd|production|live)(?:-|$)/;
const OTHER_NAME =
  /(?:^|-)(?:dev|develop|development|test|testing|qa|stage|staging|stg|nonprod|sandbox|lab|research|experiments?)(?:-|$)/;

export function environmentOf({ id, labels }: ProjectFacts, { environment }: AuditConfig): Environment {
  const value = labels[environment.label];
  if (value !== undefined) return environment.production.includes(value) ? 'production' : 'other';
  if (PRODUCTION_NAME.test(id)) return 'production';
  return OTHER_NAME.test(id) ? 'other' : 'unknown';
}

/**
 * Whether two projects are of one system: they stand in one folder, or share their name save for the environment in it, or a
 * label such as `app`. A staging project of another team is none for this one. Labels that say who pays or owns tie nothing.
 */
export function belongTogether(a: ProjectFacts, b: ProjectFacts, { environment }: AuditConfig): boolean {
  if (a.parent?.startsWith('folders/') === true && a.parent === b.parent) return true;
  const stem = stemOf(a.id);
  if (stem !== '' && stem === stemOf(b.id)) return true;
  return SYSTEM_LABELS.some(
    (key) => key !== environment.label && a.labels[key] !== undefined && a.labels[key] === b.labels[key],
  );
}

const SYSTEM_LABELS = ['app', 'application', 'system', 'service', 'product', 'workload', 'component'];

/** `ml-ranking` of `ml-ranking-prod-7f3a`: what stands before the environment, or after it where it comes first. */
export function stemOf(id: string): string {
  const name = id.replace(/^.*:/, '');
  const match = PRODUCTION_NAME.exec(name) ?? OTHER_NAME.exec(name);
  if (match === null) return name;
  const before = name.slice(0, match.index);
  return before === '' ? name.slice(match.index + match[0].length) : before;
}
