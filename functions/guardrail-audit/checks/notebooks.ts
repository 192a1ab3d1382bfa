import { HOURS_PER_MONTH } from '../../../shared/prices/quantities.ts';
import type { UsdPerMonth } from '../../../shared/prices/money.ts';
import { shellWord } from '../../../shared/report/shell-word.ts';
import type { AuditConfig } from '../config.ts';
import type { AuditFacts, MachineFacts, MachineUse, ManagedNotebook, ReceiptFacts } from '../facts.ts';
import { both } from '../reading.ts';
import { judge, judgeEach, type Found, type Judgement, type Outcome } from './outcome.ts';
import { resourceId } from '../../../shared/google/resource-name.ts';

export function checkNotebooks(facts: AuditFacts, config: AuditConfig): readonly Outcome[] {
  return [
    judge('notebook-day-and-night', both(facts.machines, facts.use), ([machines, use]) => {
      const judged = dayAndNight(machines, use, config);
      return { ...judged, gaps: [...facts.notebookGaps, ...(judged.gaps ?? [])] };
    }),
    judge('notebook-idle-shutdown', facts.stopper, idleShutdown),
    judgeEach('notebook-managed', facts.managedNotebooks, (one) => managed(one, config)),
  ];
}

/** So much of a day and night is needed to tell: less says nothing about habits. */
const MIN_RUNNING_HOURS = 24;

function dayAndNight(
  machines: readonly MachineFacts[],
  use: ReadonlyMap<string, MachineUse>,
  config: AuditConfig,
): Judgement {
  const notebooks = machines.filter(
    ({ kind, labels }) => kind === 'notebook' && labels[config.keepLabel] === undefined,
  );
  const found: Found[] = [];
  const unknown: string[] = [];
  for (const notebook of notebooks) {
    const hours = use.get(notebook.id);
    // One that does not run and has no points was off.
    if (hours === undefined) {
      if (notebook.running) unknown.push(`${notebook.name} runs and has no data points`);
      continue;
    }
    const one = idleHours(notebook, hours, config);
    if (one !== undefined) found.push(one);
  }
  return { looked: notebooks.length, found, gaps: unknown };
}

function idleHours(notebook: MachineFacts, use: MachineUse, config: AuditConfig): Found | undefined {
  const { runningHours, busyHours, windowHours } = use;
  if (runningHours < MIN_RUNNING_HOURS || busyHours / runningHours >= config.minBusyShare) return undefined;
  const idle = runningHours - busyHours;
  const usdPerMonth = monthly(notebook.usdPerHour, idle / windowHours);
  if (usdPerMonth !== 'unpriced' && usdPerMonth.high < config.reportAboveUsdPerMonth) return undefined;
  const { name, zone, resource } = notebook;
  const at = `--location=${zone} --project=${shellWord(config.project)}`;
  return {
    resource,
    detail: `it ran ${runningHours} of the last ${windowHours} hours and worked in ${busyHours} of them`,
    evidence: { runningHours, busyHours, idleHours: idle, windowHours },
    usdPerMonth,
    commands: [
      `gcloud workbench instances update ${shellWord(name)} --metadata=idle-timeout-seconds=10800 ${at}`,
      ...(notebook.running ? [`gcloud workbench instances stop ${shellWord(name)} ${at}`] : []),
    ],
  };
}

/** What a share of all hours costs in a month. */
export function monthly(usdPerHour: MachineFacts['usdPerHour'], share: number): UsdPerMonth {
  if (usdPerHour === 'unpriced') return usdPerHour;
  const usd = usdPerHour * share * HOURS_PER_MONTH;
  return { low: usd, high: usd };
}

/** What the stopper says of Workbench's own shutdown: its judgement knows the agent's state, as it does before it acts. */
function idleShutdown({ decisions, incomplete }: ReceiptFacts): Judgement {
  const about = decisions.filter(({ reason }) => /idle-shutdown/.test(reason));
  return {
    looked: decisions.length,
    gaps: incomplete,
    found: about.map(({ resource, reason, evidence }) => ({
      resource,
      detail: textOf(evidence['why']) ?? reason,
      evidence: { reason },
      commands: [
        `gcloud workbench instances update ${shellWord(resourceId(resource))} --location=${resource.split('/')[3] ?? ''} --metadata=idle-timeout-seconds=10800,enable-guest-attributes=TRUE --project=${shellWord(resource.split('/')[1] ?? '')}`,
      ],
    })),
  };
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function managed({ resource, state }: ManagedNotebook, { project }: AuditConfig): readonly Found[] {
  const [, , , location = '', , name = ''] = resource.split('/');
  return [
    {
      resource,
      detail: `it is ${state}, and the API that could start it is discontinued`,
      evidence: { state },
      commands: [
        `gcloud notebooks runtimes delete ${shellWord(name)} --location=${location} --project=${shellWord(project)}`,
      ],
    },
  ];
}
