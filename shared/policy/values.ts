/** From the keys of the file to what functions see of it. */
import type * as z from 'zod/mini';
import type {
  AuditPolicy,
  BudgetsPolicy,
  EgressPolicy,
  LifecyclePolicy,
  Mode,
  NotebooksPolicy,
  Policy,
  WatchPolicy,
  WorkingHours,
} from './policy.ts';
import type { policyFileSchema } from './schema.ts';

/** A file that the schema accepted, defaults filled in. */
export type PolicyFile = z.infer<typeof policyFileSchema>;

/** The policy of a file. */
export function toPolicy(file: PolicyFile): Policy {
  const { mode, notebooks, budgets, lifecycle, egress, estimates, audit, watch } = file;
  return {
    mode,
    scope: file.scope,
    stateBucket: file.state,
    receiptsTopic: file.receipts,
    notify: file.notify && { channels: file.notify.channels, ownerLabel: file.notify.ownerLabel },
    notebooks: notebooks && toNotebooks(notebooks, mode),
    budgets: budgets && toBudgets(budgets),
    lifecycle: lifecycle && toLifecycle(lifecycle, mode),
    egress: egress && toEgress(egress),
    estimates,
    audit: audit && toAudit(audit),
    watch: watch && toWatch(watch),
  };
}

function toWatch({ anomalies, ...rest }: NonNullable<PolicyFile['watch']>): WatchPolicy {
  return {
    ...rest,
    anomalies: {
      burnFactor: anomalies.burnFactor,
      burnAtLeastUsdPerHour: anomalies.burnAtLeast,
      gpuIdleAfterHours: anomalies.gpuIdleAfter,
      newKindAtLeastUsdPerHour: anomalies.newKindAtLeast,
    },
  };
}

type WrittenNotebooks = NonNullable<PolicyFile['notebooks']>;

function toNotebooks(notebooks: WrittenNotebooks, mode: Mode): NotebooksPolicy {
  return {
    mode: notebooks.mode ?? mode,
    idleAfterMinutes: notebooks.idleAfter,
    cpuBelow: notebooks.cpuBelow,
    gpuBelowPercent: notebooks.gpuBelow,
    networkBelowBytesPerSecond: notebooks.networkBelow,
    diskBelowBytesPerSecond: notebooks.diskBelow,
    minCoverage: notebooks.minCoverage,
    gpuSignalMissing: notebooks.gpuSignalMissing,
    toleratedMinutesPerDay: notebooks.tolerate,
    keepWhileJobsRun: notebooks.keepWhileJobsRun,
    keepLabel: notebooks.keepLabel,
    warnBeforeMinutes: notebooks.warnBefore,
    maxStops: notebooks.maxStops,
    maxActions: notebooks.maxActions,
    hours: notebooks.hours && toWorkingHours(notebooks.hours),
    nativeIdleShutdown: notebooks.nativeIdleShutdown,
    terraformManaged: notebooks.terraformManaged,
  };
}

function toWorkingHours({ from, to, ...rest }: NonNullable<WrittenNotebooks['hours']>): WorkingHours {
  return { ...rest, fromMinuteOfDay: from, toMinuteOfDay: to };
}

function toBudgets({ settle, silence, ...budgets }: NonNullable<PolicyFile['budgets']>): BudgetsPolicy {
  return { ...budgets, settleHours: settle, silenceHours: silence };
}

function toLifecycle(lifecycle: NonNullable<PolicyFile['lifecycle']>, mode: Mode): LifecyclePolicy {
  return { ...lifecycle, mode: lifecycle.mode ?? mode };
}

function toEgress(egress: NonNullable<PolicyFile['egress']>): EgressPolicy {
  return { windowHours: egress.window, reportAboveUsdPerMonth: egress.reportAbove };
}

function toAudit({ reportAbove, ...audit }: NonNullable<PolicyFile['audit']>): AuditPolicy {
  const { maxKeyAge, maxReceiptAge, modelsUnusedAfter, ...rest } = audit;
  return {
    ...rest,
    maxKeyAgeDays: maxKeyAge,
    maxReceiptAgeDays: maxReceiptAge,
    modelsUnusedAfterDays: modelsUnusedAfter,
    reportAboveUsdPerMonth: reportAbove,
  };
}
