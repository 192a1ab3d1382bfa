import pMap from 'p-map';
import * as z from 'zod/mini';
import { GoogleApiError } from '../../google/google-api-error.ts';
import { stringMap } from '../../google/string-map.ts';
import { isPlaced } from '../../google/vertex/vertex.ts';
import { unpriced, withUnpricedOnTop } from '../../prices/price.ts';
import { costOfMachines, describeMachines, gpuCount } from '../cost.ts';
import { named, namedKind, notEvaluable, type Listed } from '../define-kind.ts';
import type { Look } from '../look.ts';
import { whyUnseen } from '../why-unseen.ts';
import { ENDED, GOES_ON, waiting, WAITS } from './job.ts';
import { machineSpec, machinesOf } from './machine-spec.ts';
import { getVertex, listRegional } from './regional.ts';

/** Source: google.cloud.aiplatform.v1 notebook_execution_job.proto. */
const executionSchema = z.looseObject({
  name: z.string(),
  displayName: z.optional(z.string()),
  jobState: z.optional(z.string()),
  labels: z.optional(stringMap),
  createTime: z.optional(z.string()),
  scheduleResourceName: z.optional(z.string()),
  executionUser: z.optional(z.string()),
  notebookRuntimeTemplateResourceName: z.optional(z.string()),
  customEnvironmentSpec: z.optional(z.looseObject({ machineSpec: z.optional(machineSpec) })),
});
type Execution = z.infer<typeof executionSchema>;

const FIELDS =
  'name,displayName,jobState,labels,createTime,scheduleResourceName,executionUser,notebookRuntimeTemplateResourceName,customEnvironmentSpec/machineSpec';

/** Templates that are read side by side, and at the most. */
const TEMPLATES_AT_ONCE = 4;
const MAX_TEMPLATES = 50;

/**
 * How old a run that goes on may be at the most: an assumption, for a run ends by its `executionTimeout`, which is 24 hours unless it
 * names another one, and the API names no maximum of that.
 */
const MAX_AGE_MS = 30 * 86_400_000;

/** The machine of a run or a template, or why it is not known. */
type Environment = { readonly spec: z.infer<typeof machineSpec> } | { readonly why: string };

/** Runs of a notebook by Colab Enterprise, single and scheduled: named, for they can only be deleted. */
export const NOTEBOOK_EXECUTION_JOBS = namedKind({
  kind: 'notebook-execution-job',
  title: 'notebook execution jobs',
  area: 'Vertex AI',
  permissions: [
    'aiplatform.locations.list',
    'aiplatform.notebookExecutionJobs.list',
    // Most name a template, which alone has the machine.
    'aiplatform.notebookRuntimeTemplates.get',
  ],
  async list(look) {
    const oldestMs = look.now.getTime() - MAX_AGE_MS;
    const all = await listRegional(look, {
      collection: 'notebookExecutionJobs',
      schema: executionSchema,
      fields: FIELDS,
      counts: ({ jobState = '' }) => !ENDED.test(jobState),
      // Its filter does not take the state, and runs are kept for good: their history is not read to its end.
      isLast: (page) =>
        page.every(
          ({ jobState = '', createTime = '' }) => ENDED.test(jobState) && Date.parse(createTime) < oldestMs,
        ),
    });
    const executions = all.filter(({ jobState = '' }) => !ENDED.test(jobState));
    const templates = await readTemplates(look, executions);
    return executions.map((one) => listed(look, one, environmentOf(one, templates)));
  },
});

function listed(look: Look, execution: Execution, environment: Environment): Listed {
  const { name, displayName = '', jobState: state = '', labels = {}, createTime = '' } = execution;
  const { scheduleResourceName, executionUser } = execution;
  const [, , , region = '', , id = ''] = name.split('/');
  const createdMs = Date.parse(createTime);
  const machines = 'why' in environment ? [] : [machinesOf(name, environment.spec, 1, false)];
  const described = {
    description: `notebook execution ${displayName}${machines.length === 0 ? '' : `, ${describeMachines(machines)}`}`,
    cost:
      'why' in environment
        ? unpriced(environment.why)
        : withUnpricedOnTop(costOfMachines(machines, look.now), 'the fee of Colab Enterprise'),
  };
  return {
    resource: name,
    state,
    labels,
    startedBy: scheduleResourceName === undefined ? executionUser : `schedule ${scheduleResourceName}`,
    ...(Number.isFinite(createdMs) ? { createdMs } : {}),
    ...(machines.length === 0 ? {} : gpuCount(machines)),
    fate: GOES_ON.test(state) ? named(WHY) : notEvaluable(look, name, state),
    command: `gcloud colab executions delete ${id} --region=${region} --project=${look.projectId}`,
    ...described,
    ...(WAITS.test(state) ? waiting(described) : {}),
  };
}

/** There is no cancel among its methods (aiplatform v1, discovery revision of the frozen data). */
const WHY = 'it can only be deleted, which ends its run without its result';

function environmentOf(
  { customEnvironmentSpec, notebookRuntimeTemplateResourceName: template = '' }: Execution,
  templates: ReadonlyMap<string, Environment>,
): Environment {
  const spec = customEnvironmentSpec?.machineSpec;
  if (spec !== undefined) return { spec };
  if (template === '') return { why: 'it names neither a machine nor a template' };
  return templates.get(template) ?? { why: `its template is not among the ${MAX_TEMPLATES} that were read` };
}

/** The templates that executions name, each read once. One that cannot be read leaves its runs without a price, not unseen. */
async function readTemplates(
  look: Look,
  executions: readonly Execution[],
): Promise<ReadonlyMap<string, Environment>> {
  const names = new Set(
    executions.flatMap(({ notebookRuntimeTemplateResourceName: template = '' }) =>
      template === '' ? [] : [template],
    ),
  );
  const read = await pMap(
    [...names].slice(0, MAX_TEMPLATES),
    async (name): Promise<[string, Environment]> => [name, await readTemplate(look, name)],
    { concurrency: TEMPLATES_AT_ONCE },
  );
  return new Map(read);
}

const TEMPLATE = /^projects\/[^/]+\/locations\/[^/]+\/notebookRuntimeTemplates\/[\w-]+$/;
const templateSchema = z.looseObject({ name: z.string(), machineSpec: z.optional(machineSpec) });

async function readTemplate({ api }: Look, name: string): Promise<Environment> {
  if (!TEMPLATE.test(name) || !isPlaced(name))
    return { why: `its template cannot be read: ${name} is no template` };
  try {
    const { machineSpec: spec } = await getVertex(api, name, templateSchema, 'name,machineSpec');
    return spec === undefined ? { why: `its template ${name} names no machine` } : { spec };
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    return { why: `its template cannot be read: ${whyUnseen(error)}` };
  }
}
