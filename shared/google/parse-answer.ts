import type * as z from 'zod/mini';
import { EmptyAnswer, GoogleApiError, UnexpectedAnswer } from './google-api-error.ts';
import { describeIssue, type StrangeItem } from './read-items.ts';
import { computeName, isNameOf, resourceId, type ComputeSelf, type OfProject } from './resource-name.ts';

/**
 * Checks an answer of Google. Throws `GoogleApiError` for one of another form than documented; it says where and what is there.
 * No retry helps against that, unless nothing was answered at all, or a page that is no JSON: then the call may work later.
 */
export function parseAnswer<T>(call: string, schema: z.ZodMiniType<T>, answer: unknown): T {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  if (isEmpty(answer)) throw new GoogleApiError(call, new EmptyAnswer('the answer is empty'));
  const strange = describeIssue(read.error, answer, '');
  // No JSON, or JSON that was cut off.
  throw typeof answer === 'string' ? transient(call, strange) : unexpectedAnswer(call, strange);
}

/**
 * The same for what a write is answered: whatever cannot be read proves neither that it was carried out nor that it was not, so that
 * another delivery of the event looks.
 */
export function parseWritten<T>(call: string, schema: z.ZodMiniType<T>, answer: unknown): T {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  throw transient(call, describeIssue(read.error, answer, ''));
}

/** The failure of a call that answered with something of another form than documented. */
export function unexpectedAnswer(
  call: string,
  { path, why }: Pick<StrangeItem, 'path' | 'why'>,
): GoogleApiError {
  return new GoogleApiError(call, new UnexpectedAnswer(textOf({ path, why })));
}

function transient(call: string, strange: Pick<StrangeItem, 'path' | 'why'>): GoogleApiError {
  return new GoogleApiError(call, new EmptyAnswer(textOf(strange)));
}

function textOf({ path, why }: Pick<StrangeItem, 'path' | 'why'>): string {
  return `${path === '' ? 'the whole answer' : path}: ${why}`;
}

/**
 * Checks that an answer is about what was requested. Throws an `GoogleApiError` that a retry helps against: the client of an empty
 * answer (204, `[]`) returns a message with nothing in it, which must not be taken for facts.
 */
export function requireAbout(
  call: string,
  field: string,
  value: string | null | undefined,
  requested: string,
): void {
  if (value !== requested) throw aboutOther(call, field, value, requested);
}

/** The same for the full name of a resource, in which Google may write the project's number where the request had its id. */
export function requireNamed(call: string, name: string | null | undefined, requested: string): void {
  if (!isNameOf(name ?? '', requested)) throw aboutOther(call, 'name', name, requested);
}

/**
 * The same for one of what was listed: `requested` is the name of the collection, with `-` for each part that may be any, its last one
 * among them. One of another project or place says that the answer is not about what was listed, so that none of it is believed.
 */
export function requireListed(
  call: string,
  ofProject: OfProject,
  name: string | undefined,
  requested: string,
): void {
  if (!isNameOf(name ?? '', requested, ofProject)) throw aboutOther(call, 'name', name, requested);
}

/** The same for an answer of Compute Engine, whose `name` is the last part of the resource's. */
export function requireCompute(call: string, self: ComputeSelf, requested: string): void {
  requireNamed(call, computeName(self, requested), requested);
}

/** The same for a long-running operation: each has an id of its own, and services differ in what they write before it. */
export function requireOperation(call: string, name: string | undefined, requested: string): void {
  requireAbout(call, 'name', name === undefined ? name : resourceId(name), resourceId(requested));
}

function aboutOther(
  call: string,
  field: string,
  value: string | null | undefined,
  requested: string,
): GoogleApiError {
  const found = value ? JSON.stringify(value.slice(0, 200)) : 'missing';
  return new GoogleApiError(
    call,
    new EmptyAnswer(`${field}: it is ${found}, not ${JSON.stringify(requested)}`),
  );
}

/** 204, no body, or a list where one object is documented: a proxy or a front end answered, not the service. */
function isEmpty(answer: unknown): boolean {
  return answer === undefined || answer === null || answer === '' || Array.isArray(answer);
}
