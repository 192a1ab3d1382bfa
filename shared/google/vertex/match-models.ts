import { isDeepStrictEqual } from 'node:util';
import type { DeployedModel } from './vertex.ts';
import { readDeployedModel } from './deployment.ts';

/** Which models of an endpoint are those of the manifest, deployed again under another id. */
export interface ModelMatch {
  /** Ids of models that are there: the old one to the present one. */
  readonly present: ReadonlyMap<string, string>;
  /** Ids on the endpoint that are none of the manifest's models. */
  readonly foreign: readonly string[];
}

/** From the surest sign to the weakest: the id, the same model with the same settings, the same model. */
const SIGNS: readonly ((old: DeployedModel, present: DeployedModel) => boolean)[] = [
  (old, present) => old.id === present.id,
  (old, present) => isSameModel(old, present) && hasSameSettings(old, present),
  isSameModel,
];

/** Matches the models that an endpoint had with those that it has, each at most once: what is deployed again has a new id. Pure. */
export function matchModels(old: readonly DeployedModel[], present: readonly DeployedModel[]): ModelMatch {
  const matched = new Map<string, string>();
  const used = new Set<string>();
  for (const isSign of SIGNS)
    for (const model of old) {
      if (matched.has(model.id)) continue;
      const found = present.find((one) => !used.has(one.id) && isSign(model, one));
      if (found === undefined) continue;
      matched.set(model.id, found.id);
      used.add(found.id);
    }
  return { present: matched, foreign: present.map(({ id }) => id).filter((id) => !used.has(id)) };
}

function isSameModel(old: DeployedModel, present: DeployedModel): boolean {
  const a = readDeployedModel(old);
  const b = readDeployedModel(present);
  return a.version === b.version && a.displayName === b.displayName;
}

function hasSameSettings(old: DeployedModel, present: DeployedModel): boolean {
  return isDeepStrictEqual(readDeployedModel(old).settings, readDeployedModel(present).settings);
}

/**
 * The traffic split to deploy a model with, where `0` is the model being deployed: the old one by the present ids, once all
 * of its models are there. Next to a foreign model the traffic stays as it is.
 */
export function splitFor(
  trafficSplit: Readonly<Record<string, number>>,
  id: string,
  { present, foreign }: ModelMatch,
): Readonly<Record<string, number>> {
  if (foreign.length > 0) return {};
  const ids = new Map([...present, [id, '0']]);
  const shares = Object.entries(trafficSplit).filter(([, share]) => share > 0);
  const remapped = shares.flatMap(([old, share]) => {
    const now = ids.get(old);
    return now === undefined ? [] : [[now, share] as const];
  });
  if (remapped.length === shares.length) return Object.fromEntries(remapped);
  const [first = '0'] = present.values();
  return { [first]: 100 };
}

/** The models of an endpoint, with their traffic by their ids. */
export interface Deployed {
  readonly models: readonly DeployedModel[];
  readonly trafficSplit: Readonly<Record<string, number>>;
}

/**
 * What an endpoint is to have again whose models were taken off, deployed again under new ids (by a restore or by hand), and are to be
 * taken off once more: each model once, in the order of the first, under the id that it has now where it has one, and the traffic that
 * was there at first. Pure.
 */
export function joinDeployed(
  first: Deployed,
  now: Deployed,
): { models: DeployedModel[]; trafficSplit: Record<string, number> } {
  const { present } = matchModels(first.models, now.models);
  const nowById = new Map(now.models.map((model) => [model.id, model]));
  const again = first.models.map((model) => nowById.get(present.get(model.id) ?? '') ?? model);
  const known = new Set(again.map(({ id }) => id));
  const split = Object.entries(first.trafficSplit).map(
    ([id, share]) => [present.get(id) ?? id, share] as const,
  );
  return {
    models: [...again, ...now.models.filter(({ id }) => !known.has(id))],
    trafficSplit: split.length === 0 ? { ...now.trafficSplit } : Object.fromEntries(split),
  };
}
