import * as z from 'zod/mini';
import { readJson, type Gcloud } from './gcloud.ts';
import { parseList, type Unread } from './read-answer.ts';
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

/** The severity of a line that cannot be read: how the run went is unknown. */
export const UNREADABLE = 'UNREADABLE';

/** What a function logged last in the past 30 days; undefined when it has not run. */
export async function readLastLine(
  gcloud: Gcloud,
  { project }: Pick<Desired, 'project'>,
  name: string,
): Promise<LastLine | undefined> {
  const filter = `resource.type="cloud_run_revision" AND resource.labels.service_name="${name}" AND jsonPayload.function="${name}"`;
  const args = ['logging', 'read', filter, '--limit=1', '--freshness=30d', `--project=${project}`];
  const unread: Unread[] = [];
  const [line] = parseList(args, lineSchema, await readJson(gcloud, args), (one) => void unread.push(one));
  if (unread[0] !== undefined)
    return { at: 'an unknown time', severity: UNREADABLE, message: unread[0].says };
  return line === undefined
    ? undefined
    : {
        at: line.timestamp,
        severity: line.severity ?? 'DEFAULT',
        message: line.jsonPayload?.message ?? '',
      };
}
