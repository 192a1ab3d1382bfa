import type { Policy } from '../../shared/policy/policy.ts';
import { rungPermissions } from '../../shared/preflight/permissions.ts';
import type { Role } from './settings.ts';

/**
 * A function's role in scope without the rights of which another policy would make use. `policyUri`: what its variable POLICY_URI
 * holds. Pure.
 */
export function followPolicy(policy: Policy, name: string, role: Role, policyUri: string | undefined): Role {
  // A ladder that lies elsewhere can change without a deployment: an armed switch would lack the rights of its rungs.
  if (name === SWITCH && policyUri !== undefined) return role;
  const unused = new Set(unusedRights(policy, name));
  return { ...role, permissions: role.permissions.filter((one) => !unused.has(one)) };
}

const SWITCH = 'budget-kill-switch';

function unusedRights({ notebooks, lifecycle, budgets, notify }: Policy, name: string): readonly string[] {
  if (name === 'idle-notebook-stopper' && notebooks !== undefined)
    return [
      ...(notebooks.hours?.start === true ? [] : ['notebooks.instances.start']),
      ...(notebooks.nativeIdleShutdown === 'repair' ? [] : ['notebooks.instances.update']),
    ];
  if (name === 'lifecycle-enforcer' && lifecycle?.simulate === 'metrics') return ['storage.objects.list'];
  // The load of GPUs is read for notices alone.
  if (name === 'spend-watch' && (notify?.channels ?? []).length === 0) return ['monitoring.timeSeries.list'];
  // The restore brings back what an earlier policy's rungs took away: its role stays whole.
  if (name === SWITCH && budgets !== undefined) {
    const used = new Set(budgets.ladder.flatMap((rung) => rungPermissions[rung.do]));
    return Object.values(rungPermissions).flatMap((all) => all.filter((one) => !used.has(one)));
  }
  return [];
}
