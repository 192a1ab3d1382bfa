/** What one key of the policy alone cannot tell: repetitions, orders, and keys that need one another. */
import * as z from 'zod/mini';
import { ABORT_CONDITIONS, lifecycleCondition } from './lifecycle-rules.ts';
import { oneOf } from './fields.ts';
import { shown, type PolicyProblem } from './problems.ts';
import {
  basis,
  daysOfWeek,
  modelAccount,
  protectedProject,
  rungActions,
  rungAt,
  scopeEntry,
  seedLadder,
  timeOfDay,
  warnBefore,
} from './schema.ts';

/** Undefined instead of an error: lets the checks across keys see what is right in a file that has problems elsewhere. */
function ifValid<Schema extends z.core.SomeType>(schema: Schema) {
  return z.catch(z.optional(schema), undefined);
}

function itemsIfValid<Item extends z.core.SomeType>(item: Item) {
  return z.catch(z.array(ifValid(item)), []);
}

const glimpse = z.object({
  scope: itemsIfValid(scopeEntry),
  state: z.optional(z.unknown()),
  watch: z.optional(z.unknown()),
  notebooks: ifValid(
    z.object({
      warnBefore: ifValid(warnBefore),
      hours: ifValid(
        z.object({
          days: itemsIfValid(oneOf(daysOfWeek)),
          from: ifValid(timeOfDay),
          to: ifValid(timeOfDay),
          start: ifValid(z.boolean()),
        }),
      ),
    }),
  ),
  budgets: ifValid(
    z.object({
      allow: z.optional(z.unknown()),
      basis: ifValid(basis),
      protect: itemsIfValid(protectedProject),
      modelAccounts: itemsIfValid(modelAccount),
      ladder: z.catch(
        z._default(
          z.array(z.catch(z.object({ at: ifValid(rungAt), do: ifValid(oneOf(rungActions)) }), {})),
          seedLadder,
        ),
        [],
      ),
    }),
  ),
  lifecycle: ifValid(
    z.object({
      policies: itemsIfValid(
        z.object({
          name: ifValid(z.string()),
          rules: itemsIfValid(
            z.object({
              action: ifValid(z.object({ type: z.optional(z.unknown()) })),
              condition: ifValid(z.record(z.string(), z.unknown())),
            }),
          ),
        }),
      ),
    }),
  ),
});
type Glimpse = z.infer<typeof glimpse>;

export interface PolicyStage {
  /** The budgets are not made yet, so that `budgets.allow` can name none. */
  readonly budgetsToCome: boolean;
}

/** The problems across keys of a file as YAML gave it; values that are wrong by themselves are passed over. */
export function checkAcrossKeys(value: unknown, { budgetsToCome }: PolicyStage): PolicyProblem[] {
  const glimpsed = z.safeParse(glimpse, value);
  if (!glimpsed.success) return [];
  const file = glimpsed.data;
  return [
    ...repeated('scope', '', file.scope),
    ...checkNotebooks(file),
    ...checkBudgets(file, budgetsToCome),
    ...(file.watch === undefined ? [] : needsState(file, 'watch', 'written, but no place for the ledgers')),
    ...checkLifecycle(file.lifecycle?.policies ?? []),
  ];
}

/** One problem for each entry that an earlier one already had. */
function repeated(path: string, suffix: string, values: readonly unknown[]): PolicyProblem[] {
  return values.flatMap((value, index) =>
    value !== undefined && values.indexOf(value) < index
      ? [
          {
            path: `${path}[${index}]${suffix}`,
            message: `${shown(value)} a second time; expected each just once`,
          },
        ]
      : [],
  );
}

function needsState(file: Glimpse, path: string, why: string): PolicyProblem[] {
  if (file.state !== undefined) return [];
  return [{ path, message: `${why}; expected the top-level key state: gs://BUCKET as well` }];
}

function checkNotebooks(file: Glimpse): PolicyProblem[] {
  const { warnBefore = 0, hours } = file.notebooks ?? {};
  const problems: PolicyProblem[] = [];
  if (warnBefore > 0) {
    problems.push(
      ...needsState(
        file,
        'notebooks.warnBefore',
        `got ${warnBefore} minutes, but no place to remember warnings`,
      ),
    );
  }
  if (hours === undefined) return problems;
  problems.push(...repeated('notebooks.hours.days', '', hours.days));
  if (hours.from !== undefined && hours.from === hours.to) {
    const message = 'got the same time as from; expected another one (earlier than from = over midnight)';
    problems.push({ path: 'notebooks.hours.to', message });
  }
  if (hours.start === true) {
    problems.push(
      ...needsState(file, 'notebooks.hours.start', 'got true, but no place to remember what was stopped'),
    );
  }
  return problems;
}

function checkBudgets(file: Glimpse, budgetsToCome: boolean): PolicyProblem[] {
  if (file.budgets === undefined) return [];
  const { allow, basis, protect, modelAccounts, ladder } = file.budgets;
  const allowed: readonly unknown[] = Array.isArray(allow) ? allow : [];
  const problems = [
    ...repeated('budgets.allow', '', allowed),
    ...repeated('budgets.protect', '', protect),
    ...repeated('budgets.modelAccounts', '', modelAccounts),
  ];
  for (const [index, { at, do: action }] of ladder.entries()) {
    const before = ladder[index - 1];
    const path = `budgets.ladder[${index}]`;
    if (at !== undefined && before?.at !== undefined && at <= before.at) {
      problems.push({
        path: `${path}.at`,
        message: `got ${at}; expected more than the ${before.at} of the rung before it`,
      });
    }
    if (action !== undefined && before?.do !== undefined && severity(action) <= severity(before.do)) {
      const message = `got "${action}" after "${before.do}"; expected each action once, in this order: ${rungActions.join(', ')}`;
      problems.push({ path: `${path}.do`, message });
    }
  }
  if (basis === 'live' && file.watch === undefined)
    problems.push({
      path: 'budgets.basis',
      message: 'got "live", but nothing estimates spend; expected the section watch: as well',
    });
  const strictest = ladder.findLast(({ do: action }) => action !== undefined && action !== 'notify')?.do;
  if (strictest === undefined) return problems;
  if (!budgetsToCome && (allow === undefined || (Array.isArray(allow) && allow.length === 0))) {
    const message = `empty, but the ladder goes on to "${strictest}"; expected the budgets that may do more than notify: billingAccounts/A/budgets/B`;
    problems.push({ path: 'budgets.allow', message });
  }
  problems.push(
    ...needsState(
      file,
      'budgets.ladder',
      `got "${strictest}", but no place for the ladder's state and the restore manifests`,
    ),
  );
  return problems;
}

function severity(action: (typeof rungActions)[number]): number {
  return rungActions.indexOf(action);
}

type GlimpsedPolicies = NonNullable<Glimpse['lifecycle']>['policies'];

function checkLifecycle(policies: GlimpsedPolicies): PolicyProblem[] {
  const problems = repeated(
    'lifecycle.policies',
    '.name',
    policies.map((policy) => policy?.name),
  );
  for (const [p, policy] of policies.entries()) {
    for (const [r, rule] of (policy?.rules ?? []).entries()) {
      if (rule?.condition === undefined) continue;
      problems.push(
        ...checkCondition(
          `lifecycle.policies[${p}].rules[${r}].condition`,
          rule.action?.type,
          rule.condition,
        ),
      );
    }
  }
  return problems;
}

function checkCondition(
  path: string,
  action: unknown,
  condition: Readonly<Record<string, unknown>>,
): PolicyProblem[] {
  const keys = Object.keys(condition);
  if (keys.length === 0) {
    return [
      {
        path,
        message:
          'got an empty map; expected one condition at least, such as age: 30 (none matches every object)',
      },
    ];
  }
  if (action !== 'AbortIncompleteMultipartUpload') return [];
  const message = `unusable with AbortIncompleteMultipartUpload; expected only: ${ABORT_CONDITIONS.join(', ')}`;
  return keys
    .filter((key) => Object.hasOwn(lifecycleCondition.shape, key) && !ABORT_CONDITIONS.includes(key))
    .map((key) => ({ path: `${path}.${key}`, message }));
}
