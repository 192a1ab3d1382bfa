import { discovery } from '../../discovery/catalog.ts';
import { ApiError } from '../../http/api-error.ts';
import { parseFilter, type Test } from '../../http/boolean-filter.ts';

/** Of google.logging.type.LogSeverity, from the lowest. */
export const SEVERITIES = [
  'DEFAULT', 'DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY',
]; // prettier-ignore

/** A log entry as the API shows it. */
export type Shown = Readonly<Record<string, unknown>>;

const FIELDS = Object.keys(discovery.apis['logging:v2']?.schemas['LogEntry'] ?? {});

/** A field of the payload or a label may be missing; others have their default where they are absent. */
const MAY_BE_MISSING = /^(?:jsonPayload|protoPayload|labels|resource\.labels)\./;

/**
 * Comparisons of fields, e.g. `resource.labels.service_name="f" AND severity>=ERROR AND jsonPayload.receipt:*`. Source:
 * cloud.google.com/logging/docs/view/logging-query-language, "Missing fields" and "Comparison operators". Throws
 * INVALID_ARGUMENT for a field that no log entry has.
 */
export function filterOf(text: string): Test<Shown> {
  if (text.trim() === '') return () => true;
  // A part of a field's path may be quoted: labels."goog-managed-by".
  const plain = text.replaceAll('\n', ' ').replace(/(?<=\w\.)"([\w-]+)"/g, '$1');
  return parseFilter<Shown>(plain, {
    signs: ['>=', '<=', '!=', '=', ':', '>', '<'],
    comparison(field, operator, operand) {
      if (!FIELDS.includes(field.split('.')[0] ?? '')) return undefined;
      if (field === 'severity' && !SEVERITIES.includes(operand.toUpperCase()) && operand !== '*')
        return undefined;
      return (entry) => {
        const value = valueOf(entry, field);
        if (operator === ':' && operand === '*') return value !== undefined;
        // All comparisons with a missing field fail, `!=` as well.
        if (value === undefined && MAY_BE_MISSING.test(field)) return false;
        return holds(operator, field === 'severity', value ?? '', operand);
      };
    },
    invalid: () => new ApiError('INVALID_ARGUMENT', `Unparseable filter: ${text}`),
  });
}

function valueOf(entry: Shown, field: string): unknown {
  return field
    .split('.')
    .reduce<unknown>(
      (at, name) => (typeof at === 'object' && at !== null ? (at as Shown)[name] : undefined),
      entry,
    );
}

function holds(operator: string, isSeverity: boolean, value: unknown, operand: string): boolean {
  // Comparisons of text ignore letter case.
  const text = (typeof value === 'string' ? value : JSON.stringify(value)).toLowerCase();
  if (operator === ':') return text.includes(operand.toLowerCase());
  const order = isSeverity
    ? SEVERITIES.indexOf(text.toUpperCase()) - SEVERITIES.indexOf(operand.toUpperCase())
    : typeof value === 'number'
      ? value - Number(operand)
      : text.localeCompare(operand.toLowerCase());
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    default:
      return order < 0;
  }
}
