import * as z from 'zod/mini';
import { parseAnswer, requireCompute, requireOperation } from '../google/parse-answer.ts';
import type { OperationState, StepOperation } from './kind.ts';

const named = z.looseObject({ name: z.string() });

function nameIn(answer: unknown): string | undefined {
  const parsed = named.safeParse(answer);
  return parsed.success && parsed.data.name !== '' ? parsed.data.name : undefined;
}

const computeSchema = z.looseObject({
  name: z.string(),
  selfLink: z.optional(z.string()),
  status: z.string(),
  error: z.optional(
    z.looseObject({
      errors: z.optional(
        z.array(z.looseObject({ code: z.optional(z.string()), message: z.optional(z.string()) })),
      ),
    }),
  ),
});

/**
 * Operations of Compute Engine in a zone, `projects/P/zones/Z`; answers name them without it. Needs compute.zoneOperations.get.
 * Source: https://cloud.google.com/compute/docs/reference/rest/v1/zoneOperations/get
 */
export function zoneOperation(zone: string): StepOperation {
  return {
    nameOf(answer) {
      const name = nameIn(answer);
      return name === undefined ? undefined : `${zone}/operations/${name}`;
    },
    async look(api, name) {
      const call = 'compute.zoneOperations.get';
      const url = `https://compute.googleapis.com/compute/v1/${name}`;
      const operation = parseAnswer(call, computeSchema, await api.request(call, { url }));
      requireCompute(call, operation, name);
      const { status, error } = operation;
      if (status !== 'DONE') return { kind: 'running' };
      const errors = (error?.errors ?? []).map(({ code = '', message = '' }) => `${code}: ${message}`);
      return failedWith(errors.length === 0 ? undefined : errors.join('; '));
    },
  };
}

const longRunningSchema = z.looseObject({
  name: z.optional(z.string()),
  done: z.optional(z.boolean()),
  error: z.optional(z.looseObject({ message: z.optional(z.string()) })),
});

/**
 * Long-running operations (google.longrunning) of the API at `base`, such as https://notebooks.googleapis.com/v2, or where that tells for
 * each. `call` is the look's name in the receipt.
 */
export function longRunningOperation(
  base: string | ((operation: string) => string),
  call: string,
): StepOperation {
  return {
    nameOf: (answer) => (typeof answer === 'string' && answer !== '' ? answer : nameIn(answer)),
    async look(api, name) {
      const url = typeof base === 'string' ? `${base}/${name}` : base(name);
      const answer = await api.request(call, { url });
      const { name: named, done, error } = parseAnswer(call, longRunningSchema, answer);
      requireOperation(call, named, name);
      if (done !== true) return { kind: 'running' };
      return failedWith(error === undefined ? undefined : (error.message ?? 'unknown error'));
    },
  };
}

function failedWith(why: string | undefined): OperationState {
  return why === undefined ? { kind: 'done' } : { kind: 'failed', why };
}
