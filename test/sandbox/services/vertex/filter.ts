import { ApiError } from '../../http/api-error.ts';

/** What a filter may compare: the value of a field, or undefined where the resource has no such field. */
export type Fields = Readonly<Record<string, string | undefined>>;

const TERM = /^(NOT\s+)?([a-z][\w.]*)\s*(!=|>=|<=|=|>|<)\s*(?:"([^"]*)"|([\w.*-]+))$/;

/** The one field that is ordered: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.customJobs/list */
const TIME_FIELD = 'create_time';

/**
 * A list filter of Vertex AI as far as `field="value"`, `!=` and comparisons of `create_time`, joined by AND and OR (OR binds closer, AIP-160), go:
 * `state="JOB_STATE_RUNNING" OR state="JOB_STATE_PENDING"`. Throws INVALID_ARGUMENT for anything else.
 */
export function parseFilter(text: string): (fields: Fields) => boolean {
  if (text.trim() === '') return () => true;
  const conjunction = text
    .trim()
    .split(/\s+AND\s+/)
    .map((part) => part.split(/\s+OR\s+/).map((term) => parseTerm(term.trim(), text)));
  return (fields) => conjunction.every((terms) => terms.some((matches) => matches(fields)));
}

function parseTerm(term: string, whole: string): (fields: Fields) => boolean {
  const match = TERM.exec(term);
  if (match === null)
    throw new ApiError('INVALID_ARGUMENT', `Invalid filter "${whole}": cannot read "${term}".`);
  const [, not, field = '', operator, quoted, bare = ''] = match;
  const value = quoted ?? bare;
  if (field === TIME_FIELD) return compareTimes({ operator, value, whole, isNot: not !== undefined });
  if (operator !== '=' && operator !== '!=')
    throw new ApiError('INVALID_ARGUMENT', `Invalid filter "${whole}": cannot order by "${field}".`);
  const equal = (operator === '=') === (not === undefined);
  return (fields) => {
    if (!(field in fields) && !field.startsWith('labels.'))
      throw new ApiError('INVALID_ARGUMENT', `Invalid filter "${whole}": cannot filter by "${field}".`);
    return (fields[field] === value) === equal;
  };
}

function compareTimes({
  operator = '',
  value,
  whole,
  isNot,
}: {
  readonly operator: string | undefined;
  readonly value: string;
  readonly whole: string;
  readonly isNot: boolean;
}): (fields: Fields) => boolean {
  const time = Date.parse(value);
  if (!/^\d{4}-\d\d-\d\dT/.test(value) || !Number.isFinite(time))
    throw new ApiError('INVALID_ARGUMENT', `Invalid filter "${whole}": "${value}" is not RFC 3339.`);
  return (fields) => {
    const own = fields[TIME_FIELD];
    if (own === undefined)
      throw new ApiError('INVALID_ARGUMENT', `Invalid filter "${whole}": cannot filter by "${TIME_FIELD}".`);
    return holds(operator, Date.parse(own) - time) !== isNot;
  };
}

function holds(operator: string, difference: number): boolean {
  switch (operator) {
    case '=':
      return difference === 0;
    case '!=':
      return difference !== 0;
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    default:
      return difference >= 0;
  }
}
