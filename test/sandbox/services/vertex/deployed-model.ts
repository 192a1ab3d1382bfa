import { ApiError } from '../../http/api-error.ts';
import type { ProjectSeed } from '../../scenario.ts';
import type { DeployedModelInput } from './messages.ts';

/** A model as an endpoint shows it. */
export interface DeployedModel extends DeployedModelInput {
  readonly id: string;
  readonly createTime: string;
}

/** The model as it stays: with its id and time, its output-only fields not the caller's, its project by number. */
export function settled(
  given: DeployedModelInput,
  id: string,
  createdMs: number,
  project: ProjectSeed | undefined,
): DeployedModel {
  const dedicated = given.dedicatedResources;
  const model =
    project === undefined
      ? given.model
      : given.model.replace(`projects/${project.id}/`, `projects/${project.number}/`);
  const name = /\/models\/([^/@]+)/.exec(model)?.[1] ?? model;
  return {
    ...given,
    privateEndpoints: undefined,
    status: undefined,
    id,
    model: model.replace(/@.*$/, ''),
    displayName:
      given.displayName ?? project?.vertex.models.find((known) => known.id === name)?.displayName ?? name,
    modelVersionId: /@(\d+)$/.exec(model)?.[1] ?? '1',
    createTime: new Date(createdMs).toISOString(),
    ...(dedicated === undefined
      ? {}
      : {
          dedicatedResources: {
            ...dedicated,
            maxReplicaCount: dedicated.maxReplicaCount ?? dedicated.minReplicaCount,
          },
        }),
  };
}

/** A traffic split without empty shares. Throws INVALID_ARGUMENT unless it is empty or adds up to 100 among `ids`. */
export function checkedSplit(
  split: Readonly<Record<string, number>>,
  ids: readonly string[],
): Readonly<Record<string, number>> {
  const entries = Object.entries(split).filter(([, percent]) => percent > 0);
  const unknown = entries.find(([id]) => !ids.includes(id));
  if (unknown !== undefined)
    throw new ApiError('INVALID_ARGUMENT', `trafficSplit: no DeployedModel ${unknown[0]} in this endpoint.`);
  const total = entries.reduce((sum, [, percent]) => sum + percent, 0);
  if (entries.length > 0 && total !== 100)
    throw new ApiError('INVALID_ARGUMENT', `trafficSplit: the percentages add up to ${total}, not to 100.`);
  return Object.fromEntries(entries);
}
