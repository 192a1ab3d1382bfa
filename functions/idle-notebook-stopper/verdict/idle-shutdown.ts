import type { Decision } from '../../../shared/run/receipt.ts';
import type { Config } from '../config.ts';
import type { NotebookFacts } from '../facts.ts';
import { repairSeconds, TIMEOUT_KEY, type NativeIdleShutdown } from '../native-idle-shutdown.ts';

/** Verdicts on a running notebook that do not say that it is unused. */
const MAY_BE_BUSY: ReadonlySet<string> = new Set([
  'active',
  'not-evaluable',
  'young',
  'transitional',
  'waits-for',
]);

const SAYS = {
  off: 'is off',
  'cannot-fire': 'is on and cannot fire',
  unknown: 'cannot be told from its settings',
  on: 'is on',
} as const;

function sayingOf({ status, why }: NativeIdleShutdown): string {
  return `Workbench's own idle shutdown ${SAYS[status]}: ${why}.`;
}

/** What to say or fix about Workbench's own idle shutdown. */
export function judgeIdleShutdown(
  facts: NotebookFacts,
  config: Config,
  verdict: { readonly action: string; readonly reason: string },
  audit: NativeIdleShutdown,
): readonly Decision[] {
  const settled = facts.state === 'ACTIVE' || facts.state === 'STOPPED';
  if (audit.status === 'on' || verdict.reason === 'kept' || !settled) return [];
  const say = (
    action: string,
    reason: string,
    evidence: Readonly<Record<string, unknown>> = {},
  ): readonly Decision[] => [
    {
      resource: facts.name,
      action,
      reason,
      evidence: { says: sayingOf(audit), nativeIdleShutdown: audit, ...evidence },
      usdPerHour: 0,
    },
  ];
  const problem = `native-idle-shutdown-${audit.status}`;
  if (config.nativeIdleShutdown === 'report' || audit.status === 'cannot-fire') return say('report', problem);
  if (facts.labels['goog-terraform-provisioned'] === 'true' && config.terraformManaged === 'report')
    return say('report', problem, {
      notRepaired: 'Terraform manages this instance: set idle-timeout-seconds in its configuration',
    });
  if ((verdict.action === 'stop' && config.maxStops > 0) || verdict.action === 'start')
    return say('report', problem, { notRepaired: `next time: ${verdict.action} comes first` });
  // It counts kernels, not GPUs: armed under a running training, it would stop that training.
  if (facts.state === 'ACTIVE' && MAY_BE_BUSY.has(verdict.reason))
    return say('report', problem, {
      notRepaired: `next time: the notebook is ${verdict.reason}, and the native shutdown does not see background work`,
    });
  const seconds = repairSeconds(config);
  return say('repair', problem, { set: { [TIMEOUT_KEY]: String(seconds) } });
}
