import { z } from 'zod';
import type { Answer, ReadOnlyClient } from './read-only.ts';

export interface World {
  readonly client: ReadOnlyClient;
  readonly project: string;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

export interface Finding {
  readonly result: 'holds' | 'does not hold' | 'not checked';
  readonly why: string;
}

export type LiveCheck = (world: World) => Promise<Finding>;

const holds = (why: string): Finding => ({ result: 'holds', why });
const broken = (why: string): Finding => ({ result: 'does not hold', why });
const unchecked = (why: string): Finding => ({ result: 'not checked', why });

/** Two heartbeats and a half. */
const BETWEEN_READS_MS = 75_000;
const HOUR_MS = 3_600_000;

const instanceSchema = z.looseObject({
  name: z.string(),
  state: z.string(),
  updateTime: z.string(),
  gceSetup: z.looseObject({ instanceId: z.string().optional() }).optional(),
});
const instancesSchema = z.looseObject({
  instances: z.array(instanceSchema).default([]),
  unreachable: z.array(z.string()).optional(),
});

const trainingPipelinesSchema = z.looseObject({
  trainingPipelines: z.array(z.looseObject({ trainingTaskInputs: z.unknown().default({}) })).default([]),
});

function notebooks({ project }: World, rest: string): string {
  return `https://notebooks.googleapis.com/v2/projects/${project}/locations/${rest}`;
}

/** The check's own reading of an answer that is no success: refused, or not enabled. */
function unavailable({ status, body }: Answer): Finding | undefined {
  if (status === 200) return undefined;
  const { error } = z
    .looseObject({ error: z.looseObject({ message: z.string() }).optional() })
    .catch({})
    .parse(body);
  return unchecked(`answered ${String(status)}: ${error?.message ?? 'without a message'}`);
}

type Active = { readonly instance: z.infer<typeof instanceSchema> } | { readonly missing: Finding };

async function activeInstance(world: World): Promise<Active> {
  const answer = await world.client.get(notebooks(world, '-/instances'));
  const parsed = instancesSchema.safeParse(answer.body);
  if (answer.status !== 200 || !parsed.success)
    return { missing: unavailable(answer) ?? unchecked('the list of instances cannot be read') };
  const instance = parsed.data.instances.find(({ state }) => state === 'ACTIVE');
  return instance === undefined
    ? { missing: unchecked('the project has no Workbench instance that is ACTIVE') }
    : { instance };
}

function statusIs(wanted: readonly number[], { status }: Answer, of: string): Finding {
  return (wanted.includes(status) ? holds : broken)(`${of} is ${String(status)}`);
}

/** By the id of the assumption. */
export const LIVE_CHECKS: Readonly<Record<string, LiveCheck>> = {
  async 'notebooks-wildcard'(world) {
    const answer = await world.client.get(notebooks(world, '-/instances'));
    if (answer.status === 400 || answer.status === 404)
      return broken(`locations/- is ${String(answer.status)}`);
    const refused = unavailable(answer);
    if (refused !== undefined) return refused;
    const parsed = instancesSchema.safeParse(answer.body);
    return parsed.success ? holds('locations/- is listed') : broken(z.prettifyError(parsed.error));
  },
  async 'notebooks-heartbeat'(world) {
    const active = await activeInstance(world);
    if ('missing' in active) return active.missing;
    const first = active.instance;
    await world.sleep(BETWEEN_READS_MS);
    const { body } = await world.client.get(`https://notebooks.googleapis.com/v2/${first.name}`);
    const second = instanceSchema.safeParse(body);
    if (!second.success || second.data.state !== 'ACTIVE')
      return unchecked(`${first.name} is not ACTIVE any more`);
    const times = `${first.updateTime}, then ${second.data.updateTime}`;
    return second.data.updateTime === first.updateTime ? broken(times) : holds(times);
  },
  async 'notebooks-instance-id'(world) {
    const active = await activeInstance(world);
    if ('missing' in active) return active.missing;
    const { instance } = active;
    const [, zone = '', name = ''] = /locations\/([^/]+)\/instances\/([^/]+)$/.exec(instance.name) ?? [];
    const vm = await world.client.get(
      `https://compute.googleapis.com/compute/v1/projects/${world.project}/zones/${zone}/instances/${name}`,
    );
    if (vm.status === 404) return broken(`there is no VM ${name} in ${zone}`);
    const refused = unavailable(vm);
    if (refused !== undefined) return refused;
    const { id } = z.looseObject({ id: z.string() }).parse(vm.body);
    const own = instance.gceSetup?.instanceId ?? 'absent';
    return (own === id ? holds : broken)(`instanceId is ${own}, the VM's id ${id}`);
  },
  async 'notebooks-missing'(world) {
    const answer = await world.client.get(
      notebooks(world, 'us-central1-a/instances/costguard-no-such-instance'),
    );
    if (answer.status === 403) return unchecked('answered 403');
    return statusIs([404], answer, 'an instance that does not exist');
  },
  async 'monitoring-instance-id'(world) {
    const active = await activeInstance(world);
    if ('missing' in active) return active.missing;
    const { instance } = active;
    const id = instance.gceSetup?.instanceId;
    if (id === undefined) return unchecked(`${instance.name} shows no instanceId`);
    const answer = await series(
      world,
      `metric.type="compute.googleapis.com/instance/cpu/utilization" AND resource.labels.instance_id="${id}"`,
    );
    const refused = unavailable(answer);
    if (refused !== undefined) return refused;
    const { timeSeries } = z.looseObject({ timeSeries: z.array(z.unknown()).default([]) }).parse(answer.body);
    return (timeSeries.length > 0 ? holds : broken)(
      `${String(timeSeries.length)} series for instance_id ${id}`,
    );
  },
  async 'monitoring-missing-metric'(world) {
    const answer = await series(world, 'metric.type="custom.googleapis.com/costguard/no_such_metric"');
    if (answer.status === 403) return unchecked('answered 403');
    return statusIs([404, 200], answer, 'a metric that no one has written');
  },
  async 'compute-partial-success'(world) {
    const answer = await world.client.get(
      `https://compute.googleapis.com/compute/v1/projects/${world.project}/aggregated/instances?returnPartialSuccess=true&maxResults=1`,
    );
    if (answer.status === 400) return broken('returnPartialSuccess is refused with 400');
    return unavailable(answer) ?? holds('returnPartialSuccess is taken');
  },
  async 'storage-missing-object'(world) {
    const list = await world.client.get(
      `https://storage.googleapis.com/storage/v1/b?project=${world.project}&maxResults=1`,
    );
    const refused = unavailable(list);
    if (refused !== undefined) return refused;
    const { items } = z
      .looseObject({ items: z.array(z.looseObject({ name: z.string() })).default([]) })
      .parse(list.body);
    const [bucket] = items;
    if (bucket === undefined) return unchecked('the project has no bucket');
    const answer = await world.client.get(
      `https://storage.googleapis.com/storage/v1/b/${bucket.name}/o/costguard-no-such-object`,
    );
    return statusIs([404, 403], answer, 'an object that does not exist');
  },
  async 'project-missing'(world) {
    const answer = await world.client.get(
      'https://cloudresourcemanager.googleapis.com/v3/projects/costguard-no-such-project',
    );
    return statusIs([403], answer, 'a project that does not exist');
  },
  async 'vertex-locations'(world) {
    const answer = await world.client.get(
      `https://aiplatform.googleapis.com/v1/projects/${world.project}/locations`,
    );
    const refused = unavailable(answer);
    if (refused !== undefined) return refused;
    const parsed = z
      .looseObject({ locations: z.array(z.looseObject({ locationId: z.string() })).min(1) })
      .safeParse(answer.body);
    return parsed.success
      ? holds(`${String(parsed.data.locations.length)} locations`)
      : broken(z.prettifyError(parsed.error));
  },
  async 'vertex-task-inputs'(world) {
    const answer = await world.client.get(
      `https://us-central1-aiplatform.googleapis.com/v1/projects/${world.project}/locations/us-central1/trainingPipelines`,
    );
    const refused = unavailable(answer);
    if (refused !== undefined) return refused;
    const { trainingPipelines } = trainingPipelinesSchema.parse(answer.body);
    const written = trainingPipelines.flatMap(({ trainingTaskInputs }) => JSON.stringify(trainingTaskInputs).match(/"(?:worker_pool_specs|workerPoolSpecs|machine_spec|machineSpec)":/g) ?? []); // prettier-ignore
    const keys = [...new Set(written)].sort().join(' ');
    if (written.length === 0) return unchecked('us-central1 has no custom training pipeline');
    // One spelling may also be the only one that was written.
    return (keys.includes('_') ? holds : unchecked)(`inputs have the keys ${keys}`);
  },
  async 'billing-info'(world) {
    const answer = await world.client.get(
      `https://cloudbilling.googleapis.com/v1/projects/${world.project}/billingInfo`,
    );
    const refused = unavailable(answer);
    if (refused !== undefined) return refused;
    const parsed = z
      .looseObject({
        billingEnabled: z.literal(true),
        billingAccountName: z.string().regex(/^billingAccounts\/[^/]+$/),
      })
      .safeParse(answer.body);
    return parsed.success ? holds(parsed.data.billingAccountName) : broken(z.prettifyError(parsed.error));
  },
  'answers-as-discovery': ({ client }) =>
    Promise.resolve(
      client.surprises.length === 0 ? holds('no other field was seen') : broken(client.surprises.join(' · ')),
    ),
};

function series({ client, project, now }: World, filter: string): Promise<Answer> {
  const query = new URLSearchParams({
    filter,
    'interval.startTime': new Date(now() - HOUR_MS).toISOString(),
    'interval.endTime': new Date(now()).toISOString(),
    pageSize: '1',
  });
  return client.get(
    `https://monitoring.googleapis.com/v3/projects/${project}/timeSeries?${query.toString()}`,
  );
}
