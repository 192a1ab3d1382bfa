import * as z from 'zod/mini';
import { BY_CONTINUE, listPages } from '../../../shared/google/list-pages.ts';
import { requireListed } from '../../../shared/google/parse-answer.ts';
import { readItems } from '../../../shared/google/read-items.ts';
import { ofProject } from '../../../shared/google/resource-name.ts';
import type { Workload } from '../facts.ts';
import { joinReadings, type Reading } from '../reading.ts';
import { attempt, strangeGaps, type Look } from './attempt.ts';
import { field, scanTexts, textOfList, textsOfMap, textsOfPairs } from './texts.ts';

/** Functions, and what Cloud Run has beside them. */
export async function readWorkloads(look: Look): Promise<Reading<readonly Workload[]>> {
  const read = await Promise.all([readFunctions(look), readServices(look), readJobs(look)]);
  return joinReadings(read);
}

const functionsPage = z.looseObject({
  functions: z.optional(z.unknown()),
  unreachable: z.optional(z.array(z.string())),
});
const functionSchema = z.looseObject({
  name: z.string(),
  serviceConfig: z.optional(z.unknown()),
  buildConfig: z.optional(z.unknown()),
});

/** Both generations, as the API v2 lists them. Needs cloudfunctions.functions.list. */
function readFunctions(look: Look): Promise<Reading<readonly Workload[]>> {
  return attempt(look, 'the functions', async () => {
    const found: Workload[] = [];
    const gaps: string[] = [];
    const call = 'cloudfunctions.functions.list';
    const path = `projects/${look.projectId}/locations/-/functions`;
    const isOf = ofProject(look.projectId, look.projectNumber);
    const request = { url: `https://cloudfunctions.googleapis.com/v2/${path}`, query: { pageSize: 500 } };
    for await (const page of listPages(look.api, call, request, functionsPage)) {
      const { items, strange } = readItems(page.functions, functionSchema, 'functions');
      for (const { name } of items) requireListed(call, isOf, name, `${path}/-`);
      gaps.push(
        ...strangeGaps('functions', strange),
        ...(page.unreachable ?? []).map((place) => `functions in ${place} were unreachable`),
      );
      found.push(...items.map((one) => functionOf(one, look)));
    }
    return { value: found, gaps };
  });
}

function functionOf(
  { name, serviceConfig, buildConfig }: z.infer<typeof functionSchema>,
  look: Look,
): Workload {
  const secrets = field(serviceConfig, 'secretEnvironmentVariables');
  return {
    kind: 'function',
    resource: name,
    serviceAccount: textField(serviceConfig, 'serviceAccountEmail'),
    places: scanTexts(
      name,
      [
        ...textsOfMap(field(serviceConfig, 'environmentVariables'), 'env'),
        ...textsOfMap(field(buildConfig, 'environmentVariables'), 'build-env'),
      ],
      look.digestOf,
    ),
    secretReferences: Array.isArray(secrets) ? secrets.length : 0,
  };
}

const itemsPage = z.looseObject({
  items: z.optional(z.unknown()),
  unreachable: z.optional(z.array(z.string())),
});
const knativeSchema = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    /** The project's number, or its id. */
    namespace: z.optional(z.string()),
    labels: z.optional(z.unknown()),
  }),
  spec: z.optional(z.unknown()),
});

/** By the API v1, which lists all regions at once; v2 knows no wildcard. Needs run.services.list. */
function readServices(look: Look): Promise<Reading<readonly Workload[]>> {
  return readKnative(look, 'services', 'serving.knative.dev', (spec) =>
    field(field(spec, 'template'), 'spec'),
  );
}

/** Needs run.jobs.list. */
function readJobs(look: Look): Promise<Reading<readonly Workload[]>> {
  return readKnative(look, 'jobs', 'run.googleapis.com', (spec) =>
    field(field(field(field(spec, 'template'), 'spec'), 'template'), 'spec'),
  );
}

function readKnative(
  look: Look,
  collection: 'services' | 'jobs',
  group: string,
  templateOf: (spec: unknown) => unknown,
): Promise<Reading<readonly Workload[]>> {
  return attempt(look, `Cloud Run’s ${collection}`, async () => {
    const found: Workload[] = [];
    const gaps: string[] = [];
    const url = `https://run.googleapis.com/apis/${group}/v1/namespaces/${look.projectId}/${collection}`;
    const call = `run.${collection}.list`;
    const request = { url, query: { limit: 500 } };
    const project = `projects/${look.projectId}`;
    const isOf = ofProject(look.projectId, look.projectNumber);
    for await (const page of listPages(look.api, call, request, itemsPage, BY_CONTINUE)) {
      const { items, strange } = readItems(page.items, knativeSchema, 'items');
      for (const { metadata } of items)
        requireListed(call, isOf, `projects/${metadata.namespace ?? look.projectId}`, project);
      gaps.push(
        ...strangeGaps(`${collection} of Cloud Run`, strange),
        ...(page.unreachable ?? []).map((place) => `${collection} in ${place} were unreachable`),
      );
      // Functions have a service of their own there, and are listed as functions.
      found.push(
        ...items
          .filter(({ metadata }) => textField(metadata.labels, 'goog-managed-by') !== 'cloudfunctions')
          .map((one) => knativeOf(one, collection, templateOf(one.spec), look)),
      );
    }
    return { value: found, gaps };
  });
}

function knativeOf(
  { metadata }: z.infer<typeof knativeSchema>,
  collection: 'services' | 'jobs',
  template: unknown,
  look: Look,
): Workload {
  const region = textField(metadata.labels, 'cloud.googleapis.com/location') ?? '-';
  const resource = `projects/${look.projectId}/locations/${region}/${collection}/${metadata.name}`;
  const containers = field(template, 'containers');
  const all = Array.isArray(containers) ? containers : [];
  const variables = all.flatMap((one: unknown) => listOf(field(one, 'env')));
  return {
    kind: collection === 'jobs' ? 'run-job' : 'run-service',
    resource,
    serviceAccount: textField(template, 'serviceAccountName'),
    places: scanTexts(
      resource,
      [
        ...textsOfPairs(variables, 'env'),
        ...all.flatMap((one: unknown) => [
          ...textOfList(field(one, 'args'), 'args'),
          ...textOfList(field(one, 'command'), 'command'),
        ]),
      ],
      look.digestOf,
    ),
    secretReferences: variables.filter((one) => field(field(one, 'valueFrom'), 'secretKeyRef') !== undefined)
      .length,
  };
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textField(value: unknown, name: string): string | undefined {
  const text = field(value, name);
  return typeof text === 'string' && text !== '' ? text : undefined;
}
