import { ApiError } from '../http/api-error.ts';
import { parseMask } from '../http/fields.ts';
import { SYSTEM_QUERY, type Call } from '../http/route.ts';
import { readMultipart } from '../services/storage/multipart.ts';
import { findMethod, type FoundMethod } from './catalog.ts';
import { unknownPaths } from './check-mask.ts';
import { checkAnswer, checkBody, checkQuery, type Violation } from './check.ts';

/**
 * Refuses what Google's front end refuses before a service sees the request: a parameter, field or value that the method
 * does not know. Says which method it was; undefined for one that is not frozen.
 */
export function requireKnown(call: Call): FoundMethod | undefined {
  const method = findMethod(call.method, call.host, call.url.pathname);
  if (method === undefined) return undefined;
  const violations = [
    ...checkQuery(method, call.query, SYSTEM_QUERY),
    ...checkBody(method, bodyOf(call, method)),
  ];
  const [first] = violations;
  if (first === undefined) {
    requireMask(call, method);
    return method;
  }
  const messages = violations.map((one) => messageOf(one, method.apiKey.startsWith('storage:')));
  throw new ApiError('INVALID_ARGUMENT', messages.join('\n'), [
    {
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: violations.map((one, index) => ({
        ...(one.where === '' ? {} : { field: one.where }),
        description: messages[index],
      })),
    },
  ]);
}

/** Refuses a partial-response mask that names what the answer does not have. Cloud Storage's older front end has its own words. */
function requireMask(call: Call, method: FoundMethod): void {
  const mask = call.query.get('fields') ?? call.query.get('$fields');
  const paths = mask === null ? [] : unknownPaths(method, parseMask(mask));
  const [first] = paths;
  if (first === undefined) return;
  if (method.apiKey.startsWith('storage:'))
    throw new ApiError('INVALID_ARGUMENT', `Invalid field selection ${first}`);
  throw new ApiError('INVALID_ARGUMENT', 'Request contains an invalid argument.', [
    {
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: paths.map((field) => ({
        field,
        description: `Error expanding 'fields' parameter. Cannot find matching fields for path '${field}'.`,
      })),
    },
  ]);
}

/** The metadata that a request carries; the content of an object is none. */
function bodyOf(call: Call, { media, method }: FoundMethod): unknown {
  if (call.body.length === 0) return {};
  if (!media || call.query.get('uploadType') === 'resumable') return call.json();
  if (call.query.get('uploadType') !== 'multipart' || method.body === undefined) return {};
  const [metadata] = readMultipart(call.headers['content-type'] ?? '', call.body);
  try {
    return JSON.parse(metadata?.body.toString() ?? '') as unknown;
  } catch {
    throw new ApiError('INVALID_ARGUMENT', 'Metadata part is not a JSON object.');
  }
}

/** In the words of Google's front end; Cloud Storage's older one has its own for a value. */
export function messageOf({ kind, where, what, type = '' }: Violation, older: boolean): string {
  if (kind === 'parameter')
    return `Invalid JSON payload received. Unknown name "${what}": Cannot bind query parameter. Field '${what}' could not be found in request message.`;
  if (kind === 'field')
    return `Invalid JSON payload received. Unknown name "${what}"${where === '' ? '' : ` at '${where}'`}: Cannot find field.`;
  return older
    ? `Invalid value for '${where}': ${what}. It takes ${type}.`
    : `Invalid value at '${where}' (${type}), ${what}`;
}

/** Throws when an answer of the sandbox has what Google's cannot have: then the sandbox is wrong. */
export function requireGenuine(method: FoundMethod, body: unknown): void {
  if (typeof body !== 'object' || body === null || Buffer.isBuffer(body)) return;
  const violations = checkAnswer(method, body);
  if (violations.length > 0)
    throw new Error(
      `Cannot answer ${method.id}: ${violations.map((one) => messageOf(one, false)).join(' ')}`,
    );
}
