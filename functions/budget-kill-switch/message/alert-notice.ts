import type { Notice } from '../../../shared/notify/notice.ts';

/** The alert as it is told on the policy's channels, once for each rung that is reached. */
export function alertNotice(
  runId: string,
  budget: { readonly name: string; readonly displayName: string },
  text: string,
): Notice {
  return {
    id: `budget-kill-switch/${runId}`,
    functionName: 'budget-kill-switch',
    title: `Budget "${budget.displayName}" has reached a rung`,
    items: [{ resource: budget.name, action: 'notify', owner: undefined, text }],
  };
}
