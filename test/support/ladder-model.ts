/**
 * What the kill switch has to do, told once more in the plainest way: whole percents and cents, a table of periods, and with each
 * message every due rung in force. The property test holds the function against it.
 */
import type { Policy, RungAction } from '../../shared/policy/policy.ts';
import { emptyWorld, isKept, turnAllOff, type FakeProject, type FakeWorld } from './fake-google.ts';

export const OWN_PROJECT = 'ml-operations';
export const PROTECTED = 'ml-production';
export const FOREIGN = 'ml-foreign';

const OURS = 'billingAccounts/01D4EE-079462-DFD6EC';
const THEIRS = 'billingAccounts/0FFFFF-0FFFFF-0FFFFF';

const NUMBERS: Readonly<Record<string, string>> = {
  'ml-research': '101',
  'ml-speech': '102',
  'ml-vision': '103',
  [PROTECTED]: '104',
  [OWN_PROJECT]: '105',
  [FOREIGN]: '106',
};

/** Start and end, midnight in Pacific time. */
type Span = readonly [string, string];
const MONTHS: readonly Span[] = [
  ['2026-10-01T07:00:00Z', '2026-11-01T07:00:00Z'],
  ['2026-11-01T07:00:00Z', '2026-12-01T08:00:00Z'],
  ['2026-12-01T08:00:00Z', '2027-01-01T08:00:00Z'],
];
const QUARTERS: readonly Span[] = [
  ['2026-07-01T07:00:00Z', '2026-10-01T07:00:00Z'],
  ['2026-10-01T07:00:00Z', '2027-01-01T08:00:00Z'],
  ['2027-01-01T08:00:00Z', '2027-04-01T07:00:00Z'],
];
/** The budget has but one period; what begins on another day is not its own. */
const CUSTOM: readonly Span[] = [
  ['2026-11-01T07:00:00Z', ''],
  ['2026-11-15T08:00:00Z', '2026-12-01T08:00:00Z'],
  ['2026-11-20T08:00:00Z', ''],
];

export const START = '2026-11-30T20:00:00Z';
/** The first period of each budget is over then, the second present, the third not begun. */
export const PERIODS = 3;

interface ModelBudget {
  readonly name: string;
  readonly allowed: boolean;
  readonly projects: readonly string[];
  readonly cents: number;
  readonly spans: readonly Span[];
  readonly filter: Readonly<Record<string, unknown>>;
}

const monthly = { calendarPeriod: 'MONTH' };

export const BUDGETS: readonly ModelBudget[] = [
  { name: `${OURS}/budgets/month`, allowed: true, projects: ['ml-research', 'ml-speech', PROTECTED], cents: 10_000, spans: MONTHS, filter: monthly },
  { name: `${OURS}/budgets/quarter`, allowed: true, projects: ['ml-research', OWN_PROJECT], cents: 33_300, spans: QUARTERS, filter: { calendarPeriod: 'QUARTER' } },
  {
    name: `${OURS}/budgets/custom`, allowed: true, projects: ['ml-vision'], cents: 700, spans: CUSTOM,
    filter: { customPeriod: { startDate: { year: 2026, month: 11, day: 15 }, endDate: { year: 2026, month: 11, day: 30 } } },
  },
  { name: `${OURS}/budgets/all-projects`, allowed: true, projects: [], cents: 100_000, spans: MONTHS, filter: monthly },
  { name: `${OURS}/budgets/not-allowed`, allowed: false, projects: [FOREIGN], cents: 10_000, spans: MONTHS, filter: monthly },
  { name: `${THEIRS}/budgets/month`, allowed: false, projects: [FOREIGN, 'ml-vision'], cents: 10_000, spans: MONTHS, filter: monthly },
]; // prettier-ignore

export interface ModelMessage {
  /** Index into BUDGETS. */
  readonly budget: number;
  /** Index into its spans. */
  readonly period: number;
  /** Spent, of the budget's amount. */
  readonly percent: number;
  readonly namesThreshold: boolean;
  /** Of the amount that the message gives. */
  readonly forecastPercent: number | undefined;
  /** The message's amount in hundredths of the budget's present one: it may have been changed since. */
  readonly amountPercent: number;
  readonly currency: 'USD' | 'EUR';
}

export interface ModelRung {
  readonly atPercent: number;
  readonly do: RungAction;
}

export interface ModelPolicy {
  readonly mode: 'observe' | 'enforce';
  readonly basis: NonNullable<Policy['budgets']>['basis'];
  readonly ladder: readonly ModelRung[];
  /** `budgets.jump`; each message is believed when absent. */
  readonly jump?: number;
}

export function policyText({ mode, basis, ladder, jump = 0 }: ModelPolicy): string {
  const allow = BUDGETS.filter(({ allowed }) => allowed).map(({ name }) => name);
  return JSON.stringify({
    scope: ['projects/ml-research'],
    state: 'gs://ml-operations-costguard',
    receipts: `projects/${OWN_PROJECT}/topics/costguard-receipts`,
    ...(basis === 'live' ? { watch: { discountAtMost: 0 } } : {}),
    budgets: {
      mode,
      basis,
      allow,
      protect: [PROTECTED],
      jump,
      ladder: ladder.map((rung) => ({ at: rung.atPercent / 100, do: rung.do })),
    },
  });
}

/** The attributes and the data of a notification. */
export function wireOf(message: ModelMessage): {
  readonly attributes: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, unknown>>;
} {
  const { name, cents, spans } = budgetOf(message);
  const [, billingAccountId = '', , budgetId = ''] = name.split('/');
  return {
    attributes: { billingAccountId, budgetId, schemaVersion: '1.0' },
    data: {
      budgetDisplayName: budgetId,
      costAmount: (cents * message.percent) / 10_000,
      costIntervalStart: spans[message.period]?.[0],
      budgetAmount: (cents * message.amountPercent) / 10_000,
      budgetAmountType: 'SPECIFIED_AMOUNT',
      currencyCode: message.currency,
      ...(message.namesThreshold ? { alertThresholdExceeded: 0.1 } : {}),
      ...(message.forecastPercent === undefined
        ? {}
        : { forecastThresholdExceeded: message.forecastPercent / 100 }),
    },
  };
}

function budgetOf({ budget }: ModelMessage): ModelBudget {
  const found = BUDGETS[budget];
  if (found === undefined) throw new Error(`No budget ${budget}`);
  return found;
}

/** Six projects in which something of each kind runs, and all budgets. */
export function newWorld(): FakeWorld {
  const world = emptyWorld(Date.parse(START), Object.keys(NUMBERS).map(newProject));
  for (const { name, projects, cents, filter } of BUDGETS)
    world.budgets.set(name, {
      name,
      displayName: name.split('/').at(-1),
      amount: { specifiedAmount: { currencyCode: 'USD', units: String(cents / 100) } },
      budgetFilter: { ...filter, projects: projects.map((id) => `projects/${NUMBERS[id] ?? ''}`) },
    });
  return world;
}

function newProject(id: string): FakeProject {
  const on = (...names: string[]) => new Map(names.map((name) => [name, true]));
  return {
    id,
    number: NUMBERS[id] ?? '',
    account: id === FOREIGN ? THEIRS : OURS,
    notebooks: on('nb-1', 'nb-2', 'nb-kept'),
    vms: on('vm-1', 'vm-kept'),
    labelled: new Map(),
    jobs: on('job-1'),
    pipelines: new Map(),
    vertexJobs: new Map(),
    groups: new Map(),
    machines: new Map(),
    models: new Set(['model-1', 'model-2']),
  };
}

/** What a user does by hand: everything in a project is on again. */
export function bringBack(project: FakeProject): void {
  const { id, notebooks, vms, models } = project;
  project.account = id === FOREIGN ? THEIRS : OURS;
  for (const machines of [notebooks, vms]) for (const name of machines.keys()) machines.set(name, true);
  models.add('model-1').add('model-2');
}

/** What an operator does by hand to something in a project, or to all of it but what is kept: that burns, and unlinking does not wait. */
export type ByHand =
  | { readonly kind: 'stop'; readonly what: (typeof STOPPABLE)[number] }
  | { readonly kind: 'cut-billing' }
  | { readonly kind: 'label'; readonly what: 'nb-1' | 'vm-1'; readonly keeps: boolean };

export const STOPPABLE = ['all', 'nb-1', 'vm-1', 'job-1', 'model-1'] as const;

export function doByHand(project: FakeProject, step: ByHand): void {
  switch (step.kind) {
    case 'cut-billing':
      project.account = '';
      turnAllOff(project);
      return;
    case 'label':
      project.labelled?.set(step.what, step.keeps);
      return;
    case 'stop':
      for (const machines of [project.notebooks, project.vms, project.jobs])
        for (const name of machines.keys())
          if (step.what === name || (step.what === 'all' && !name.endsWith('-kept')))
            machines.set(name, false);
      for (const model of [...project.models])
        if (step.what === 'all' || step.what === model) project.models.delete(model);
  }
}

export interface Model {
  /** The projects as they have to be; compare them with the fake's. */
  readonly projects: readonly FakeProject[];
  /** Takes a message at a moment and tells the changes that it has to make, and how many alerts it has to publish. */
  take(
    message: ModelMessage,
    nowMs: number,
  ): { readonly changes: readonly string[]; readonly alerts: number };
  /** How many rungs of the ladder the message makes due by itself. */
  dueRungs(message: ModelMessage, nowMs: number): number;
}

export function startModel(policy: ModelPolicy): Model {
  const projects = Object.keys(NUMBERS).map(newProject);
  const fired = new Set<string>();

  const dueRungs: Model['dueRungs'] = (message, nowMs) => {
    const budget = budgetOf(message);
    const [start = '', end = ''] = budget.spans[message.period] ?? [];
    const isPresent = Date.parse(start) <= nowMs + 3_600_000 && nowMs < Date.parse(end);
    if (!budget.allowed || !isPresent || message.currency !== 'USD') return 0;
    // In hundredths of a percent, so that all numbers are whole.
    const spent = message.namesThreshold ? message.percent * 100 : 0;
    const expected = (message.forecastPercent ?? 0) * message.amountPercent;
    const counts = (rung: ModelRung): number => {
      if (rung.do === 'unlink-billing' || policy.basis === 'actual') return spent;
      return policy.basis === 'forecast' ? expected : Math.max(spent, expected);
    };
    return policy.ladder.findLastIndex((rung) => counts(rung) >= rung.atPercent * 100) + 1;
  };

  return {
    projects,
    dueRungs,
    take(message, nowMs) {
      const { name, projects: targets } = budgetOf(message);
      const due = policy.mode === 'observe' ? [] : policy.ladder.slice(0, dueRungs(message, nowMs));
      const once = (key: string): boolean => !fired.has(key) && fired.add(key).has(key);
      const changes: string[] = [];
      let alerts = 0;
      for (const rung of due) {
        const key = `${name} ${message.period} ${rung.do}`;
        if (rung.do === 'notify' && once(key)) alerts += 1;
        for (const project of projects)
          if (targets.includes(project.id) && ![PROTECTED, OWN_PROJECT].includes(project.id))
            changes.push(...fireDueRungs(project, rung.do));
      }
      return { changes, alerts };
    },
  };
}

/** What a rung changes in a project. */
function fireDueRungs(project: FakeProject, action: RungAction): string[] {
  const { id, notebooks, vms, jobs, models } = project;
  const off = (verb: string, machines: Map<string, boolean>): string[] =>
    [...machines].flatMap(([name, running]) => {
      if (!running || isKept(project, name)) return [];
      machines.set(name, false);
      return [`${verb} ${id}/${name}`];
    });
  switch (action) {
    case 'notify':
      return [];
    case 'stop-notebooks':
      return off('stop', notebooks);
    case 'stop-compute': {
      const undeployed = [...models].map((model) => `undeployModel ${id}/${model}`);
      models.clear();
      return [...off('stop', notebooks), ...off('stop', vms), ...off('cancel', jobs), ...undeployed];
    }
    case 'unlink-billing': {
      if (project.account === '') return [];
      project.account = '';
      for (const machines of [notebooks, vms, jobs])
        for (const name of machines.keys()) machines.set(name, false);
      return [`unlink ${id}`];
    }
  }
}
