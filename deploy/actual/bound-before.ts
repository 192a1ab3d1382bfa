import { BOUND_ON } from '../desired/names.ts';
import { homeOf } from './own-roles.ts';
import type { Actual } from './actual.ts';
import type { Access } from '../desired/access.ts';

/** Where a function's account held a role when it was deployed last. */
export interface BoundBefore {
  /** See `Access.on`. */
  readonly on: string;
  /** The organization whose role that was, where it was one's; older deployments did not note it. */
  readonly home: string | undefined;
}

/** The function itself remembers it in its environment, as `folders/N@organizations/M projects/P`. */
export function boundBefore({ functions }: Pick<Actual, 'functions'>, name: string): readonly BoundBefore[] {
  return (functions.get(name)?.environment[BOUND_ON] ?? '')
    .split(' ')
    .filter((entry) => entry !== '')
    .map((entry) => {
      // A service account has the same character in its name: `serviceAccounts/EMAIL`.
      const [, on = entry, home] = /^(.*)@(organizations\/\d+)$/.exec(entry) ?? [];
      return { on, home };
    });
}

/** What `boundBefore` reads. */
export function noteBoundOn(accesses: readonly Access[]): string {
  const entries = accesses.map(({ on, roleName }) => {
    const home = homeOf(roleName);
    return home.startsWith('organizations/') && home !== on ? `${on}@${home}` : on;
  });
  return [...new Set(entries)].join(' ');
}
