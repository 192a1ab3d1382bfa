import * as z from 'zod/mini';
import type { Api } from '../api.ts';
import { readPages } from '../list-pages.ts';
import { readItems } from '../read-items.ts';

const pageSchema = z.looseObject({ entries: z.optional(z.unknown()) });

const entrySchema = z.looseObject({
  protoPayload: z.looseObject({
    resourceName: z.optional(z.string()),
    authenticationInfo: z.optional(z.looseObject({ principalEmail: z.optional(z.string()) })),
    response: z.optional(z.looseObject({ name: z.optional(z.string()) })),
  }),
});

const PAGE_SIZE = 1_000;

/**
 * Who made what in Vertex AI since a moment, by `jobKey` of the resource: from the project's audit log of admin activity, which
 * is on in every project and has each `create` of a job (https://cloud.google.com/vertex-ai/docs/general/audit-logging). What is
 * made there and has no entry is missing. Needs logging.logEntries.list. Throws `GoogleApiError`.
 */
export async function listMakers(
  api: Api,
  projectId: string,
  sinceMs: number,
): Promise<ReadonlyMap<string, string>> {
  const filter = [
    `logName="projects/${projectId}/logs/cloudaudit.googleapis.com%2Factivity"`,
    'protoPayload.serviceName="aiplatform.googleapis.com"',
    'protoPayload.methodName:"Create"',
    `timestamp>="${new Date(sinceMs).toISOString()}"`,
  ].join(' AND ');
  const name = 'logging.entries.list';
  const read = async (pageToken?: string): Promise<unknown> => {
    const { data } = await api.exchangeUnpermitted(name, {
      method: 'POST',
      url: 'https://logging.googleapis.com/v2/entries:list',
      body: { resourceNames: [`projects/${projectId}`], filter, pageSize: PAGE_SIZE, pageToken },
    });
    return data;
  };
  const makers = new Map<string, string>();
  for await (const { entries } of readPages(api, name, read, pageSchema))
    for (const { protoPayload } of readItems(entries, entrySchema, 'entries').items) {
      const maker = protoPayload.authenticationInfo?.principalEmail ?? '';
      const made = [protoPayload.response?.name, protoPayload.resourceName].find((text) => isJob(text));
      if (maker !== '' && made !== undefined) makers.set(jobKey(made), maker);
    }
  return makers;
}

function isJob(name: string | undefined): name is string {
  return /^projects\/[^/]+\/locations\/[^/]+\/[a-zA-Z]+\/[^/]+$/.test(name ?? '');
}

/** A resource's name without its project, whose id and number both occur: `locations/L/customJobs/ID`. */
export function jobKey(resource: string): string {
  return resource.split('/').slice(2).join('/');
}
