import * as z from 'zod/mini';
import { readJson, type Gcloud } from './gcloud.ts';
import type { Desired } from '../desired/desired.ts';

/** The last line that a function wrote. */
export interface LastLine {
  readonly at: string;
  readonly severity: string;
  readonly message: string;
}

const lineSchema = z.looseObject({
  timestamp: z.string(),
  severity: z.optional(z.string()),
  jsonPayload: z.optional(z.looseObject({ message: z.optional(z.string()) })),
});

/** What a function logged last in the past 30 days; undefined when it has not run. */
export async function readLastLine(
  gcloud: Gcloud,
  { project }: Pick<Desired, 'project'>,
  name: string,
): Promise<LastLine | undefined> {
  const filter = `resource.type="cloud_run_revision" AND resource.labels.service_name="${name}" AND jsonPayload.function="${name}"`;
  const lines = z
    .array(lineSchema)
    .parse(
      await readJson(gcloud, [
        'logging',
        'read',
        filter,
        '--limit=1',
        '--freshness=30d',
        `--project=${project}`,
      ]),
    );
  const [line] = lines;
  return line === undefined
    ? undefined
    : {
        at: line.timestamp,
        severity: line.severity ?? 'DEFAULT',
        message: line.jsonPayload?.message ?? '',
      };
}
