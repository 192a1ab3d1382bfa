import * as z from 'zod/mini';
import { BadParameter } from '../../shared/report/bad-parameter.ts';
import { Refusal } from '../../shared/run/handle-request.ts';
import { MAX_GRACE_HOURS, MAX_GRACE_SHARE } from '../../shared/state/grace-limits.ts';

/** What is to be brought back: all projects of a budget's period, or one of them. */
export interface RestoreRequest {
  /** billingAccounts/A/budgets/B */
  readonly budget: string;
  /** First day of the budget's period, `2026-11-01`. */
  readonly period: string;
  readonly project: string | undefined;
  /** Where the manifest lies, when it was named in full. */
  readonly bucket?: string;
  /** For how long the rungs that are still over their share are not in force. */
  readonly grace: GraceRequest;
}

/** What of all that can be restored is listed. */
export interface ListRequest {
  readonly budget: string | undefined;
  readonly project: string | undefined;
}

/** Hours from now, or a share of the budget that may be spent in addition. */
export type GraceRequest = { readonly hours: number } | { readonly share: number };

const DEFAULT_GRACE: GraceRequest = { share: 0.1 };
const GRACE_FORMAT = `hours such as 12h (at most ${MAX_GRACE_HOURS}h), or a share of the budget such as 10% (at most ${MAX_GRACE_SHARE * 100}%)`;

const BUDGET = /^billingAccounts\/[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}\/budgets\/[0-9A-Za-z_-]{1,64}$/;
const BUDGET_FORMAT = 'billingAccounts/01D4EE-079462-DFD6EC/budgets/ID';
const PROJECT = /^[a-z0-9.:-]{4,62}$/;
const MANIFEST =
  /^(?:gs:\/\/([^/]+)\/)?manifests\/([^/]+)\/([^/]+)\/(\d{4}-\d{2}-\d{2})\/([a-z0-9.:-]{4,62})\.json$/;

const isDate = z.iso.date();

const parametersSchema = z.record(z.string(), z.unknown());

const PARAMETERS = ['budget', 'period', 'project', 'manifest', 'grace'];

/**
 * Reads `{budget, period, project?}` or `{manifest}` from a query or a body. Which budgets the policy allows does not
 * matter: what was taken away comes back also after an operator took its budget out of the policy.
 * Throws {@link BadParameter}, and {@link Refusal} for what has no parameters at all.
 */
export function readRequest(input: unknown): RestoreRequest {
  const parsed = parametersSchema.safeParse(input);
  if (!parsed.success)
    throw new Refusal(
      400,
      'Cannot read the request: send a JSON object, {"budget", "period", "project"?} or {"manifest"}',
    );
  const given = parsed.data;
  for (const [name, value] of Object.entries(given))
    if (!PARAMETERS.includes(name)) throw new BadParameter(name, value, PARAMETERS.join(', '));
  if (given['manifest'] !== undefined) return readManifestName(given);
  const { budget, period, project } = given;
  return {
    grace: readGrace(given['grace']),
    budget: check('budget', budget, isBudget, BUDGET_FORMAT),
    period: check('period', period, isDay, 'the first day of the period, such as 2026-11-01'),
    project: project === undefined ? undefined : check('project', project, isProject, 'a project id'),
  };
}

const LIST_PARAMETERS = ['budget', 'project'];

/** Reads a question for what can be restored; undefined where a period or a manifest is named. Throws {@link BadParameter}. */
export function readListRequest(given: Readonly<Record<string, unknown>>): ListRequest | undefined {
  if (Object.keys(given).some((name) => !LIST_PARAMETERS.includes(name))) return undefined;
  const { budget, project } = given;
  return {
    budget: budget === undefined ? undefined : check('budget', budget, isBudget, BUDGET_FORMAT),
    project: project === undefined ? undefined : check('project', project, isProject, 'a project id'),
  };
}

/** A manifest's name says all the rest. */
function readManifestName(given: Readonly<Record<string, unknown>>): RestoreRequest {
  const { manifest } = given;
  const expected = 'manifest alone, as manifests/ACCOUNT/BUDGET/2026-11-01/PROJECT.json';
  const [, bucket, account = '', id = '', period = '', project] =
    (typeof manifest === 'string' ? MANIFEST.exec(manifest) : undefined) ?? [];
  const budget = `billingAccounts/${account}/budgets/${id}`;
  if (project === undefined || !isBudget(budget) || !isDay(period) || isMixed(given))
    throw new BadParameter('manifest', manifest, expected);
  const grace = readGrace(given['grace']);
  return { budget, period, project, grace, ...(bucket === undefined ? {} : { bucket }) };
}

function isMixed(given: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(given).some((name) => name !== 'manifest' && name !== 'grace');
}

function readGrace(value: unknown): GraceRequest {
  if (value === undefined) return DEFAULT_GRACE;
  const [, number = '', unit = ''] =
    (typeof value === 'string' ? /^(\d{1,4}(?:\.\d{1,3})?)(h|%)$/.exec(value) : undefined) ?? [];
  const amount = Number(number);
  if (unit === 'h' && amount <= MAX_GRACE_HOURS) return { hours: amount };
  if (unit === '%' && amount / 100 <= MAX_GRACE_SHARE) return { share: amount / 100 };
  throw new BadParameter('grace', value, GRACE_FORMAT);
}

function isProject(text: string): boolean {
  return PROJECT.test(text);
}

function isBudget(text: string): boolean {
  return BUDGET.test(text);
}

function isDay(text: string): boolean {
  return isDate.safeParse(text).success;
}

function check(name: string, value: unknown, isGood: (text: string) => boolean, expected: string): string {
  if (typeof value !== 'string' || !isGood(value)) throw new BadParameter(name, value, expected);
  return value;
}
