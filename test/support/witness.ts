import { MAX_LOGGED_BODY_BYTES, type LoggedCall } from '../sandbox/http/call-log.ts';
import { findMethod, type FoundMethod } from '../sandbox/discovery/catalog.ts';
import { checkBody, checkQuery, type Violation } from '../sandbox/discovery/check.ts';
import { OUTSIDE } from '../sandbox/discovery/exceptions.ts';
import { messageOf } from '../sandbox/discovery/front-end.ts';
import { SYSTEM_QUERY } from '../sandbox/http/route.ts';

/** Requests to functions themselves are no calls of an API. */
const NO_API = new Set(['run.invoke']);

/**
 * What Google's discovery data say against logged calls, each once: a method or path that they do not have, a parameter,
 * field or value that the method does not take. Empty when the calls are Google's own.
 */
export function contradictions(calls: readonly LoggedCall[]): readonly string[] {
  return [...new Set(calls.flatMap(contradictionsOf))];
}

function contradictionsOf(call: LoggedCall): readonly string[] {
  const { method, host, path, id } = call;
  if (NO_API.has(id)) return [];
  const request = `${method} ${host}${path}`;
  const found = findMethod(method, host, path);
  if (found === undefined)
    return OUTSIDE.some((one) => one.request.test(request)) ? [] : [`${request}: no such method`];
  const at = `${found.apiKey} ${found.id}`;
  return [
    ...checkQuery(found, new URLSearchParams(call.query), SYSTEM_QUERY),
    ...bodyViolations(call, found),
  ].map((one) => `${at}: ${messageOf(one, false)}`);
}

function bodyViolations(call: LoggedCall, found: FoundMethod): readonly Violation[] {
  const text = found.media && !isSession(call) ? metadataOf(call) : call.body;
  if (text === '') return [];
  // What the log cuts off, the sandbox has checked whole when it came.
  if (!found.media && call.bodyBytes > MAX_LOGGED_BODY_BYTES) return [];
  return checkBody(found, JSON.parse(text));
}

function isSession({ query }: LoggedCall): boolean {
  return new URLSearchParams(query).get('uploadType') === 'resumable';
}

/** The first part of a multipart upload; an upload of bytes alone has none. */
function metadataOf({ body, contentType }: LoggedCall): string {
  if (!contentType.startsWith('multipart/')) return '';
  return /\r?\n\r?\n(\{[^]*?\})\s*\r?\n--/.exec(body)?.[1] ?? '';
}
