import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

const read = (name: string): object =>
  JSON.parse(
    readFileSync(
      new URL(`../../functions/guardrail-audit/report/${name}.schema.json`, import.meta.url),
      'utf8',
    ),
  ) as object;

/** The schema of the audit of one project, and its check. */
export const reportSchema = read('report');
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
formats.default(ajv);
export const isReport: ValidateFunction = ajv.compile(reportSchema);

/** Of the answers over a whole scope: projects looked at now, or their receipts. */
export const isScope: ValidateFunction = ajv.compile(read('scope'));

/** What is wrong with an answer; empty for one that the schema takes. */
export function problemsOf(check: ValidateFunction, answer: unknown): readonly string[] {
  return check(answer)
    ? []
    : (check.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath} ${message}`);
}
