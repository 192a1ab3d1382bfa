import * as z from 'zod/mini';
import { BadParameter } from '../../shared/bad-parameter.ts';
import { Refusal } from '../../shared/handle-request.ts';

/** What is to be brought back: all projects of a budget's period, or one of them. */
export interface RestoreRequest {
  /** billingAccounts/A/budgets/B */
  readonly budget: string;
  /** First day of the budget's period, `2026-11-01`. */
  readonly period: string;
  readonly project: string | undefined;
}

const BUDGET = /^billingAccounts\/[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}\/budgets\/[0-9A-Za-z_-]{1,64}$/;
const PERIOD = /^\d{4}-\d{2}-\d{2}$/;
const PROJECT = /^[a-z0-9.:-]{4,62}$/;
const MANIFEST =
  /^(?:gs:\/\/[^/]+\/)?manifests\/([0-9A-F-]+)\/([0-9A-Za-z_-]+)\/(\d{4}-\d{2}-\d{2})\/([a-z0-9.:-]+)\.json$/;

const fields = z.strictObject({
  budget: z.optional(z.string()),
  period: z.optional(z.string()),
  project: z.optional(z.string()),
  manifest: z.optional(z.string()),
});

/** Reads `{budget, period, project?}` or `{manifest}` from a query or a body. Throws {@link Refusal}. */
export function readRequest(input: unknown): RestoreRequest {
  const parsed = fields.safeParse(input);
  if (!parsed.success)
    throw new Refusal(
      400,
      `Cannot read the request: ${parsed.error.issues[0]?.message ?? 'wrong shape'}; send {"budget", "period", "project"?} or {"manifest"}`,
    );
  const { budget, period, project, manifest } = parsed.data;
  if (manifest !== undefined) {
    const match = MANIFEST.exec(manifest);
    if (match === null || budget !== undefined || period !== undefined || project !== undefined)
      throw new BadParameter(
        'manifest',
        manifest,
        'manifest alone, as manifests/ACCOUNT/BUDGET/2026-11-01/PROJECT.json',
      );
    return {
      budget: `billingAccounts/${match[1] ?? ''}/budgets/${match[2] ?? ''}`,
      period: match[3] ?? '',
      project: match[4],
    };
  }
  check('budget', budget, BUDGET, 'billingAccounts/01D4EE-079462-DFD6EC/budgets/ID');
  check('period', period, PERIOD, 'the first day of the period, such as 2026-11-01');
  if (project !== undefined) check('project', project, PROJECT, 'a project id');
  return { budget: budget ?? '', period: period ?? '', project };
}

function check(name: string, value: string | undefined, pattern: RegExp, wanted: string): void {
  if (value === undefined || !pattern.test(value)) throw new BadParameter(name, value, wanted);
}
