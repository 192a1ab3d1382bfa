import * as z from 'zod/mini';
import type { ProjectRef } from '../../../shared/google/projects.ts';
import { readDeployedModel } from '../../../shared/google/vertex/deployment.ts';
import type { DeployedModel } from '../../../shared/google/vertex/vertex.ts';
import { shellWord } from '../../../shared/report/shell-word.ts';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';

/** A setting of a deployed model as a flag of `gcloud ai endpoints deploy-model`; undefined where the command cannot set it so. */
type Flag = (value: unknown, all: ReadonlyMap<string, unknown>) => string | undefined;

const SPEC = 'dedicatedResources.machineSpec';

/** By path, what Google Cloud CLI 528 takes; the rest it cannot set. */
const FLAGS: Readonly<Record<string, Flag>> = {
  // Part of the command itself, and of its accelerator.
  model: () => '',
  displayName: () => '',
  [`${SPEC}.acceleratorCount`]: (_, all) => (all.has(`${SPEC}.acceleratorType`) ? '' : undefined),
  [`${SPEC}.acceleratorType`]: (type, all) =>
    // TPUs are not among its types.
    /^NVIDIA_\w+$/.test(String(type))
      ? `--accelerator=type=${String(type).toLowerCase().replaceAll('_', '-')},count=${Number(all.get(`${SPEC}.acceleratorCount`) ?? 1)}`
      : undefined,
  [`${SPEC}.machineType`]: (type) => `--machine-type=${shellWord(String(type))}`,
  'dedicatedResources.minReplicaCount': replicas('min'),
  'dedicatedResources.maxReplicaCount': replicas('max'),
  'dedicatedResources.autoscalingMetricSpecs': autoscaling,
  'dedicatedResources.spot': () => '--spot',
  'automaticResources.minReplicaCount': replicas('min'),
  'automaticResources.maxReplicaCount': replicas('max'),
  serviceAccount: (account) => `--service-account=${shellWord(String(account))}`,
  enableAccessLogging: () => '--enable-access-logging',
  disableContainerLogging: () => '--disable-container-logging',
};

const METRICS: ReadonlyMap<string, string> = new Map([
  ['aiplatform.googleapis.com/prediction/online/cpu/utilization', 'cpu-usage'],
  ['aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle', 'gpu-duty-cycle'],
]);

/** The target is 60 % where none is given (google/cloud/aiplatform/v1/machine_resources.proto). */
const specSchema = z.looseObject({
  metricName: z.optional(z.string()),
  target: z.optional(z.number()),
});

/**
 * The commands that deploy models on an endpoint as they were, and the settings that no flag of them has. gcloud takes no project number,
 * which the endpoint's name may have. Pure.
 */
export function deployCommands(
  { resource }: Pick<ManifestItem, 'resource'>,
  models: readonly DeployedModel[],
  { projectId }: Pick<ProjectRef, 'projectId'>,
): string {
  const [, , , region = '', , id = ''] = resource.split('/');
  const all = models.map((model) => ({ model, ...flagsOf(model) }));
  const commands = all.map(({ model, flags }) =>
    [
      `gcloud ai endpoints deploy-model ${id} --model=${shellWord(readDeployedModel(model).version ?? '')}`,
      `--display-name=${shellWord(nameOf(model))}`,
      ...flags,
      `--region=${region} --project=${projectId}`,
    ].join(' '),
  );
  const unset = [...new Set(['the traffic split', ...all.flatMap((one) => one.unset)])];
  return `${commands.join(' && ')}; that does not set: ${unset.join(', ')}`;
}

/** A model's name on its endpoint, or its id where it has none. */
export function nameOf({ id, displayName }: DeployedModel): string {
  return typeof displayName === 'string' && displayName !== '' ? displayName : id;
}

function flagsOf(model: DeployedModel): {
  readonly flags: readonly string[];
  readonly unset: readonly string[];
} {
  const all = new Map(leavesOf(readDeployedModel(model).settings));
  const flags = [...all].map(([path, value]) => [path, FLAGS[path]?.(value, all)] as const);
  return {
    flags: flags.flatMap(([, flag = '']) => (flag === '' ? [] : [flag])),
    unset: flags.flatMap(([path, flag]) => (flag === undefined ? [path] : [])),
  };
}

/** All that is set, by path; a list is one value. What is off, or empty, is so by itself. */
function leavesOf(value: unknown, path = ''): readonly (readonly [string, unknown])[] {
  if (value === undefined || value === null || value === false || value === '') return [];
  if (Array.isArray(value) && value.length === 0) return [];
  if (typeof value !== 'object' || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([field, one]) =>
    leavesOf(one, path === '' ? field : `${path}.${field}`),
  );
}

/** It takes one replica at least. */
function replicas(which: 'min' | 'max'): Flag {
  return (count) => (Number(count) >= 1 ? `--${which}-replica-count=${Number(count)}` : undefined);
}

function autoscaling(specs: unknown): string | undefined {
  const pairs = (Array.isArray(specs) ? specs : []).map((spec: unknown) => {
    const { metricName, target = 60 } = specSchema.parse(spec);
    return [METRICS.get(metricName ?? ''), target] as const;
  });
  if (pairs.some(([metric]) => metric === undefined)) return undefined;
  return `--autoscaling-metric-specs=${pairs.map(([metric, target]) => `${metric}=${target}`).join(',')}`;
}
