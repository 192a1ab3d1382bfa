import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Api } from './api.ts';
import type { GoogleAuth } from 'google-auth-library';
import { billingClients } from './clients/billing.ts';
import { listPages } from './list-pages.ts';
import { parseAnswer, requireAbout, requireNamed } from './parse-answer.ts';
import { readItems, type Items, type StrangeItem } from './read-items.ts';

/** A budget as far as it is used. Source: google/cloud/billing/budgets/v1/budget_model.proto. */
export interface Budget {
  readonly name: string;
  readonly displayName: string;
  /** As the filter has them: `projects/NUMBER` or `projects/ID`. Empty: the budget is not limited to projects. */
  readonly projects: readonly string[];
  /** `folders/N` and `organizations/N`, as the filter has them: what lies below them. */
  readonly ancestors: readonly string[];
  /** Limited by something else than projects as well: then its cost is not all of the projects' cost. */
  readonly narrowed: readonly string[];
  /** `billingAccounts/A`: accounts below the budget's own that it is limited to. */
  readonly subaccounts: readonly string[];
  /** Of the whole filter: another one since an edit, after which the cost counts something else. */
  readonly filterDigest: string;
  readonly amount:
    | { readonly kind: 'specified'; readonly units: number; readonly currencyCode: string }
    | { readonly kind: 'last-period' };
  readonly thresholds: readonly { readonly share: number; readonly basis: 'current' | 'forecast' }[];
  /** `projects/P/topics/T`; undefined when the budget notifies no topic. */
  readonly topic: string | undefined;
  readonly credits: 'include-all' | 'exclude-all' | 'include-specified' | 'unknown';
  readonly period:
    | { readonly kind: 'calendar'; readonly unit: 'month' | 'quarter' | 'year' }
    | {
        readonly kind: 'custom';
        /** Always there, says the definition. */
        readonly start: CalendarDate | undefined;
        /** The last day. */
        readonly end: CalendarDate | undefined;
      };
}

export interface CalendarDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const numeric = z.union([z.string(), z.number()]);
const list = z.nullish(z.array(z.string()));
const date = z.looseObject({ year: z.number(), month: z.number(), day: z.number() });

const budgetSchema = z.looseObject({
  name: z.nullish(z.string()),
  displayName: z.nullish(z.string()),
  budgetFilter: z.nullish(
    z.looseObject({
      projects: list,
      resourceAncestors: list,
      services: list,
      subaccounts: list,
      labels: z.nullish(z.record(z.string(), z.unknown())),
      creditTypesTreatment: z.nullish(numeric),
      calendarPeriod: z.nullish(numeric),
      customPeriod: z.nullish(z.looseObject({ startDate: z.nullish(date), endDate: z.nullish(date) })),
    }),
  ),
  amount: z.nullish(
    z.looseObject({
      specifiedAmount: z.nullish(
        z.looseObject({
          currencyCode: z.nullish(z.string()),
          units: z.nullish(numeric),
          nanos: z.nullish(z.number()),
        }),
      ),
      lastPeriodAmount: z.nullish(z.looseObject({})),
    }),
  ),
  thresholdRules: z.nullish(
    z.array(z.looseObject({ thresholdPercent: z.nullish(z.number()), spendBasis: z.nullish(numeric) })),
  ),
  notificationsRule: z.nullish(z.looseObject({ pubsubTopic: z.nullish(z.string()) })),
});

/** One of a list: without its name nothing can be said about it. */
const namedBudgetSchema = z.extend(budgetSchema, { name: z.string() });

/** Reads a budget. Needs billing.budgets.get on the billing account. Throws `GoogleApiError`. */
export async function getBudget(api: Api, auth: GoogleAuth, name: string): Promise<Budget> {
  const call = 'billingbudgets.budgets.get';
  const answer = await api.call(call, () => billingClients(auth).getBudget(name));
  const wire = parseAnswer(call, budgetSchema, answer);
  requireAbout(call, 'name', wire.name, name);
  return toBudget(name, wire);
}

const pageSchema = z.looseObject({ budgets: z.nullish(z.unknown()) });

/** All budgets of a billing account, `billingAccounts/A`. Needs billing.budgets.list there. Throws `GoogleApiError`. */
export async function listBudgets(api: Api, account: string): Promise<Items<Budget>> {
  const items: Budget[] = [];
  const strange: StrangeItem[] = [];
  const request = {
    url: `https://billingbudgets.googleapis.com/v1/${account}/budgets`,
    query: { pageSize: 100 },
  };
  const call = 'billingbudgets.budgets.list';
  for await (const page of listPages(api, call, request, pageSchema)) {
    const read = readItems(page.budgets, namedBudgetSchema, 'budgets');
    for (const { name } of read.items) requireNamed(call, name, `${account}/budgets/-`);
    items.push(...read.items.map((wire) => toBudget(wire.name, wire)));
    strange.push(...read.strange);
  }
  return { items, strange };
}

function toBudget(name: string, wire: z.infer<typeof budgetSchema>): Budget {
  const filter = wire.budgetFilter ?? {};
  const specified = wire.amount?.specifiedAmount;
  return {
    name,
    displayName: wire.displayName ?? '',
    projects: filter.projects ?? [],
    ancestors: filter.resourceAncestors ?? [],
    narrowed: [
      ...(isEmpty(filter.resourceAncestors) ? [] : ['resourceAncestors']),
      ...(isEmpty(filter.services) ? [] : ['services']),
      ...(isEmpty(filter.subaccounts) ? [] : ['subaccounts']),
      ...(Object.keys(filter.labels ?? {}).length === 0 ? [] : ['labels']),
    ],
    subaccounts: filter.subaccounts ?? [],
    filterDigest: digestOf(filter),
    amount:
      specified === null || specified === undefined
        ? { kind: 'last-period' }
        : {
            kind: 'specified',
            units: Number(specified.units ?? 0) + (specified.nanos ?? 0) / 1e9,
            currencyCode: specified.currencyCode ?? '',
          },
    thresholds: (wire.thresholdRules ?? []).map((rule) => ({
      share: rule.thresholdPercent ?? 0,
      basis: isOne(rule.spendBasis, 'FORECASTED_SPEND', 2) ? 'forecast' : 'current',
    })),
    topic: wire.notificationsRule?.pubsubTopic || undefined,
    credits: creditsOf(filter.creditTypesTreatment),
    period: filter.customPeriod
      ? {
          kind: 'custom',
          start: filter.customPeriod.startDate ?? undefined,
          end: filter.customPeriod.endDate ?? undefined,
        }
      : {
          kind: 'calendar',
          unit: isOne(filter.calendarPeriod, 'QUARTER', 2)
            ? 'quarter'
            : isOne(filter.calendarPeriod, 'YEAR', 3)
              ? 'year'
              : 'month',
        },
  };
}

/** Neither the order of fields nor that of a list says anything, nor does an empty field say more than none. */
function digestOf(filter: object): string {
  const text = JSON.stringify(filter, (_, value: unknown) => {
    if (Array.isArray(value)) {
      const entries: readonly unknown[] = value;
      return entries.toSorted();
    }
    if (typeof value !== 'object' || value === null) return value;
    const fields = Object.entries(value).filter(([, field]) => !isBlank(field));
    return Object.fromEntries(fields.sort(([one], [other]) => (one < other ? -1 : 1)));
  });
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function isBlank(field: unknown): boolean {
  if (field === undefined || field === null || field === '') return true;
  return typeof field === 'object' && Object.keys(field).length === 0;
}

function isEmpty(values: readonly string[] | null | undefined): boolean {
  return (values ?? []).length === 0;
}

/** Enums come by name or by number, depending on the transport. */
function isOne(value: string | number | null | undefined, name: string, number: number): boolean {
  return value === name || value === number;
}

function creditsOf(value: string | number | null | undefined): Budget['credits'] {
  // Absent means the default, which is to include all.
  if (value === null || value === undefined || isOne(value, 'CREDIT_TYPES_TREATMENT_UNSPECIFIED', 0))
    return 'include-all';
  if (isOne(value, 'INCLUDE_ALL_CREDITS', 1)) return 'include-all';
  if (isOne(value, 'EXCLUDE_ALL_CREDITS', 2)) return 'exclude-all';
  return isOne(value, 'INCLUDE_SPECIFIED_CREDITS', 3) ? 'include-specified' : 'unknown';
}

/** Whether two budgets' filters name the same projects, in whatever order. */
export function isSameFilter(one: readonly string[], other: readonly string[]): boolean {
  const names = new Set(one);
  return names.size === new Set(other).size && other.every((project) => names.has(project));
}
