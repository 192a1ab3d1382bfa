import { ApiError } from '../../http/api-error.ts';

/** What a filter may compare: the value of a field, or undefined where the resource has no such field. */
export type Fields = Readonly<Record<string, string | undefined>>;

const TERM = /^(NOT\s+)?([a-z][\w.]*)\s*(!=|=)\s*(?:"([^"]*)"|([\w.*-]+))$/;

/**
 * A list filter of Vertex AI as far as `field="value"` and `!=`, joined by AND and OR (OR binds closer, AIP-160), go:
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
  const wanted = quoted ?? bare;
  const equal = (operator === '=') === (not === undefined);
  return (fields) => {
    if (!(field in fields) && !field.startsWith('labels.'))
      throw new ApiError('INVALID_ARGUMENT', `Invalid filter "${whole}": cannot filter by "${field}".`);
    return (fields[field] === wanted) === equal;
  };
}
