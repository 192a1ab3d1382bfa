import { BadParameter } from '../../../shared/report/bad-parameter.ts';

/** Fields of a query or of a JSON body, unchecked; `at` is where they stand, such as `resources[0].`. */
export interface Given {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly at: string;
}

/** Throws `BadParameter` for a field that no one reads, with those that are. */
export function checkNames({ fields, at }: Given, names: readonly string[]): void {
  for (const name of Object.keys(fields))
    if (!names.includes(name)) throw new BadParameter(`${at}the parameter`, name, names.join(', '));
}

interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
  /** What it counts: `hours`. */
  readonly unit: string;
}

/** A number as a query or JSON writes it; a field that a form left empty is absent. */
export function numberField({ fields, at }: Given, name: string, rule: NumberRule): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  const number =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && /^\d{1,20}(?:\.\d{1,12})?(?:e\+?\d{1,2})?$/i.test(value.trim())
        ? Number(value)
        : Number.NaN;
  const { min, max, whole = false, unit } = rule;
  if (!(number >= min && number <= max) || (whole && !Number.isInteger(number)))
    throw new BadParameter(
      `${at}${name}`,
      value,
      `${whole ? 'a whole number' : 'a number'} of ${unit}, ${min} to ${max.toLocaleString('en-US')}`,
    );
  return number;
}

/** One of some words. */
export function choiceField<const Choice extends string>(
  { fields, at }: Given,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new BadParameter(`${at}${name}`, value, choices.join(', '));
  return found;
}

/** `true` or `false`, as a word or as JSON. */
export function booleanField({ fields, at }: Given, name: string): boolean | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw new BadParameter(`${at}${name}`, value, 'true or false');
}

/** A name: no spaces, not long. */
export function textField({ fields, at }: Given, name: string, allowed: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string' || !/^[\w./:@-]{1,200}$/.test(value.trim()))
    throw new BadParameter(`${at}${name}`, value, allowed);
  return value.trim();
}

/** A JSON object; throws `BadParameter` for anything else. */
export function objectOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadParameter(name, value, 'a JSON object');
  return { ...value };
}
