import type { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import { requireImitated } from '../../http/read-body.ts';

/** Checks a request body against `schema`; what does not fit is the 400 that the service answers. */
export function checkBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  requireImitated(result.error);
  throw new ApiError('INVALID_ARGUMENT', result.error.issues.map(problemText).join(' '));
}

function problemText(issue: z.core.$ZodIssue): string {
  const path = issue.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .slice(1);
  return `Invalid value at '${path}': ${issue.message}.`;
}

/** JSON merge patch (RFC 7396): `null` clears, objects merge, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(merged, key);
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The body without the fields that only the service sets: clients send whole resources back, and it ignores those. */
export function withoutFields(
  body: Readonly<Record<string, unknown>>,
  ignored: ReadonlySet<string>,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !ignored.has(key)));
}
