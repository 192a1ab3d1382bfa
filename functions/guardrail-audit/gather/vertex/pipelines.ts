import pMap from 'p-map';
import * as z from 'zod/mini';
import { undefinedIfMissing } from '../../../../shared/google/google-api-error.ts';
import { parseAnswer } from '../../../../shared/google/parse-answer.ts';
import { urlOf } from '../../../../shared/google/vertex/vertex.ts';
import type { Workload } from '../../facts.ts';
import { gapText, isRead, whole, type Reading } from '../../reading.ts';
import { attempt, type Look } from '../attempt.ts';
import { textsOfJson } from '../json-texts.ts';
import { textsOfSpec, valueOf } from './pipeline-spec.ts';
import { entriesOf, field, scanTexts, type PlacedText } from '../texts.ts';
import { readEverywhere } from './vertex-regions.ts';

/** The name chooses the host that its specification is read from: one of another form is a gap. */
const RUN_NAME = /^projects\/[^/]+\/locations\/[a-z0-9-]+\/pipelineJobs\/[^/?#]+$/;

const runSchema = z.looseObject({
  name: z.string().check(z.regex(RUN_NAME)),
  displayName: z._default(z.string(), ''),
  createTime: z._default(z.string(), ''),
  templateUri: z._default(z.string(), ''),
  runtimeConfig: z.optional(z.unknown()),
});
type Run = z.infer<typeof runSchema>;

/** A compiled pipeline may have megabytes, and a page a hundred runs of it: it is read alone, and dropped when it is searched. */
const RUN_FIELDS =
  'pipelineJobs(name,displayName,createTime,templateUri,runtimeConfig(parameterValues,parameters)),nextPageToken';
const specSchema = z.looseObject({ pipelineSpec: z.optional(z.unknown()) });
const SPECS_AT_ONCE = 4;
/** Pipelines, not runs: a project that has more of them names each run anew. */
const MAX_SPECS = 200;

/**
 * Runs of pipelines: the parameters of each, and the compiled specification of the newest run of each pipeline. Their account is
 * none of an experiment: in production pipelines deploy. Needs aiplatform.pipelineJobs.list and .get.
 */
export async function readPipelines(
  look: Look,
  regions: readonly string[],
): Promise<Reading<readonly Workload[]>> {
  const runs = await readEverywhere(look, regions, 'pipelineJobs', runSchema, RUN_FIELDS);
  if (!isRead(runs)) return runs;
  const newest = newestOfEach(runs.value);
  const specs = await pMap(
    newest.slice(0, MAX_SPECS),
    async (run) => [run.name, await readSpec(look, run)] as const,
    { concurrency: SPECS_AT_ONCE },
  );
  const unread = specs.flatMap(([, spec]) => (isRead(spec) ? spec.gaps : [spec.why]));
  const [first] = unread;
  const found = new Map(specs.map(([name, spec]) => [name, isRead(spec) ? spec.value : []]));
  return {
    value: runs.value.map((run) => workloadOf(run, found.get(run.name) ?? [], look)),
    gaps: [
      ...runs.gaps,
      ...(first === undefined
        ? []
        : [
            `the compiled specifications of ${unread.length} pipelines are not known, the first: ${gapText(first)}`,
          ]),
      ...(newest.length <= MAX_SPECS
        ? []
        : [`only the newest ${MAX_SPECS} of ${newest.length} compiled pipelines were looked at`]),
    ],
  };
}

/** The newest first. Runs of one template, or of one display name, are of one pipeline. */
function newestOfEach(runs: readonly Run[]): readonly Run[] {
  const byAge = [...runs].sort((a, b) => (a.createTime < b.createTime ? 1 : -1));
  const seen = new Map<string, Run>();
  for (const run of byAge) {
    const { name, displayName, templateUri } = run;
    const region = name.split('/')[3] ?? '';
    const pipeline = JSON.stringify([region, templateUri, displayName === '' ? name : displayName]);
    if (!seen.has(pipeline)) seen.set(pipeline, run);
  }
  return [...seen.values()];
}

type Places = Workload['places'];

function readSpec(look: Look, { name, templateUri }: Run): Promise<Reading<Places>> {
  return attempt(look, `the specification of ${name}`, async () => {
    const spec = await getSpec(look, name);
    if (spec === undefined && templateUri !== '')
      return { value: [], gaps: [`${name} names the template ${templateUri} and shows no specification`] };
    return whole(scanTexts(name, textsOfSpec(spec), look.digestOf));
  });
}

/** Undefined where the run shows none, or was deleted since it was listed. */
async function getSpec({ api }: Look, name: string): Promise<unknown> {
  const call = 'aiplatform.pipelineJobs.get';
  const request = { url: urlOf(name), query: { fields: 'pipelineSpec' } };
  const answer = await undefinedIfMissing(api.request(call, request));
  return answer === undefined ? {} : parseAnswer(call, specSchema, answer).pipelineSpec;
}

function workloadOf({ name, runtimeConfig, templateUri }: Run, places: Places, look: Look): Workload {
  const texts: readonly PlacedText[] = [
    ...entriesOf(field(runtimeConfig, 'parameterValues')),
    ...entriesOf(field(runtimeConfig, 'parameters')),
  ].flatMap(([key, value]) => textsOfJson(valueOf(value), `parameters/${key}`, key));
  const template = { place: 'templateUri', name: undefined, text: templateUri };
  return {
    kind: 'vertex-job',
    resource: name,
    serviceAccount: undefined,
    places: [...scanTexts(name, [...texts, template], look.digestOf), ...places],
    secretReferences: 0,
  };
}
