import * as z from 'zod/mini';
import type { NotebookInstance } from '../notebooks.ts';
import { stringMap } from '../string-map.ts';

/** An enum value by name, or by number where the client's release has no name for it. */
const enumValue = z.union([z.string(), z.number()]);

/** An instance as Google's client decodes it: every field is there, and empty where the answer had none. */
export const messageSchema = z.object({
  name: z.string(),
  state: enumValue,
  createTime: z.nullable(z.object({ seconds: z.string(), nanos: z.number() })),
  labels: stringMap,
  gceSetup: z.nullish(
    z.object({
      instanceId: z.string(),
      machineType: z.string(),
      acceleratorConfigs: z.array(z.object({ type: enumValue, coreCount: z.string() })),
      metadata: stringMap,
    }),
  ),
});

/** The instance in the form in which the API itself writes it. */
export function instanceOf({
  name,
  state,
  createTime,
  labels,
  gceSetup,
}: z.infer<typeof messageSchema>): NotebookInstance {
  return {
    name,
    ...(state === 'STATE_UNSPECIFIED' ? {} : { state: String(state) }),
    ...(createTime === null ? {} : { createTime: timestampText(createTime) }),
    labels,
    ...(gceSetup === null || gceSetup === undefined
      ? {}
      : {
          gceSetup: {
            ...(gceSetup.instanceId === '' ? {} : { instanceId: gceSetup.instanceId }),
            machineType: gceSetup.machineType,
            acceleratorConfigs: gceSetup.acceleratorConfigs.map(({ type, coreCount }) => ({
              ...(typeof type === 'string' ? { type } : {}),
              coreCount,
            })),
            metadata: gceSetup.metadata,
          },
        }),
  };
}

/** RFC 3339 with as many digits as protobuf's JSON writes: none, 3, 6 or 9. */
function timestampText({ seconds, nanos }: { readonly seconds: string; readonly nanos: number }): string {
  const whole = new Date(Number(seconds) * 1_000).toISOString().slice(0, 19);
  const digits = String(nanos)
    .padStart(9, '0')
    .replace(/^0{9}$/, '')
    .replace(/(?:000)+$/, '');
  return `${whole}${digits === '' ? '' : `.${digits}`}Z`;
}
