import type { AuditConfig } from './config.ts';
import type { AuditFacts } from './facts.ts';
import { checkBudgets } from './checks/budgets.ts';
import { checkCredentials } from './checks/credentials.ts';
import { checkEgress } from './checks/egress.ts';
import { checkIam } from './checks/iam.ts';
import { checkLifecycle } from './checks/lifecycle.ts';
import { checkMachines } from './checks/machines.ts';
import { checkNotebooks } from './checks/notebooks.ts';
import type { Outcome } from './checks/outcome.ts';
import { checkStaging } from './checks/staging.ts';

/** Every rule judged on what is known of a project, in the order of the eight mistakes. */
export function judgeProject(facts: AuditFacts, config: AuditConfig, now: Date): readonly Outcome[] {
  return [
    ...checkBudgets(facts, config),
    ...checkNotebooks(facts, config),
    ...checkMachines(facts, config),
    ...checkLifecycle(facts, config, now),
    ...checkEgress(facts, config),
    ...checkCredentials(facts, config, now),
    ...checkIam(facts, config),
    ...checkStaging(facts, config),
  ];
}
