import { BadParameter } from '../../shared/report/bad-parameter.ts';
import { chooseFormat, type AnswerFormat } from '../../shared/report/formats.ts';
import { requireSection, type Policy } from '../../shared/policy/policy.ts';
import type { Incoming } from '../../shared/run/handle-request.ts';
import type { Job } from './iam/role-sets.ts';

/** What the audit takes from the policy and the request. */
export interface AuditConfig {
  readonly project: string;
  /** Which costguard is deployed in. */
  readonly operationsProject: string;
  /** `projects/P/topics/T`: what the kill switch listens to; undefined where the policy arms none. */
  readonly switchTopic: string | undefined;
  readonly keepLabel: string;
  /** Of service account keys. */
  readonly maxKeyAgeDays: number;
  /** Of the receipts of other functions. */
  readonly maxReceiptAgeDays: number;
  /** Share of the running hours that are busy, below which a notebook runs for nothing. */
  readonly minBusyShare: number;
  /** A GPU whose busiest hour stays below this needs a smaller one. */
  readonly maxIdlePeak: number;
  /** Smaller amounts of money are no finding, in USD a month. */
  readonly reportAboveUsdPerMonth: number;
  /** A model that nothing serves is old after so many days. */
  readonly modelAgeDays: number;
  /** Who does which job, as members of allow policies: `group:scientists@example.com`. */
  readonly jobs: Readonly<Record<Job, readonly string[]>>;
  /** The label that says what a project is for, and its values for production. */
  readonly environment: { readonly label: string; readonly production: readonly string[] };
}

const SWITCH_TOPIC = 'costguard-budget-kill-switch';

/** The switch runs in the operations project, which is also where the audit does. */
export function configureAudit(policy: Policy, project: string, operationsProject: string): AuditConfig {
  const audit = requireSection(policy, 'audit');
  const { jobs } = audit;
  return {
    project,
    operationsProject,
    switchTopic:
      policy.budgets === undefined ? undefined : `projects/${operationsProject}/topics/${SWITCH_TOPIC}`,
    keepLabel: policy.notebooks?.keepLabel ?? 'costguard-keep',
    maxKeyAgeDays: audit.maxKeyAgeDays,
    maxReceiptAgeDays: audit.maxReceiptAgeDays,
    minBusyShare: audit.busyShare,
    maxIdlePeak: audit.gpuPeakBelow,
    reportAboveUsdPerMonth: audit.reportAboveUsdPerMonth,
    modelAgeDays: audit.modelsUnusedAfterDays,
    jobs: {
      'data-scientist': jobs.dataScientists,
      'ml-engineer': jobs.mlEngineers,
      pipeline: jobs.pipelines,
    },
    environment: { label: audit.environmentLabel, production: audit.production },
  };
}

/** What a request names. */
export interface Requested {
  /** Undefined for the only project of the scope. */
  readonly project: string | undefined;
  /** The newest receipts of every project in scope, instead of a look at one. */
  readonly wholeScope: boolean;
  readonly format: AnswerFormat;
}

/** https://cloud.google.com/resource-manager/docs/creating-managing-projects: 6 to 30 characters; older ones have a domain. */
const PROJECT = /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
const FORMATS = ['json', 'html', 'csv', 'sarif'] as const;
const PARAMETERS = ['project', 'scope', 'format'];

/** Checks the query; whether the project may be looked at is for later. Throws `BadParameter`, `NotAcceptable`. */
export function readRequest({ query, accept }: Incoming): Requested {
  for (const name of Object.keys(query))
    if (!PARAMETERS.includes(name)) throw new BadParameter('the parameter', name, PARAMETERS.join(', '));
  const { project, scope } = query;
  if (project !== undefined && (typeof project !== 'string' || !PROJECT.test(project)))
    throw new BadParameter(
      'project',
      project,
      'the id of a project in the policy’s scope, such as ml-research',
    );
  if (scope !== undefined && (scope !== 'all' || project !== undefined))
    throw new BadParameter(
      'scope',
      scope,
      'all, for the newest receipt of every project in scope, and then no project',
    );
  const format = chooseFormat({ parameter: query['format'], accept }, FORMATS);
  if (scope === 'all' && format === 'sarif')
    throw new BadParameter('format', format, 'json, html, csv: SARIF is of one project');
  return { project, wholeScope: scope === 'all', format };
}
