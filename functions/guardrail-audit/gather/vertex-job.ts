import type { Workload } from '../facts.ts';
import type { Look } from './attempt.ts';
import { field, scanTexts, textOfList, textsOfPairs } from './texts.ts';
import { listOf, textField } from './workloads.ts';

/** The specification of a job: what it runs stays readable after it ended. */
export function jobOf(resource: string, spec: unknown, look: Look): Workload {
  const pools = listOf(field(spec, 'workerPoolSpecs'));
  const texts = pools.flatMap((pool, at) => {
    const container = field(pool, 'containerSpec');
    const python = field(pool, 'pythonPackageSpec');
    const place = pools.length === 1 ? '' : `pool-${at}/`;
    return [
      ...textsOfPairs(field(container, 'env'), `${place}env`),
      ...textOfList(field(container, 'args'), `${place}args`),
      ...textOfList(field(container, 'command'), `${place}command`),
      ...textsOfPairs(field(python, 'env'), `${place}env`),
      ...textOfList(field(python, 'args'), `${place}args`),
    ];
  });
  return {
    kind: 'vertex-job',
    resource,
    serviceAccount: textField(spec, 'serviceAccount'),
    places: scanTexts(resource, texts, look.digestOf),
    secretReferences: 0,
  };
}

/**
 * The parameters that a run of a pipeline was started with. Its account is none of an experiment: in production pipelines deploy.
 */
export function pipelineOf(resource: string, runtimeConfig: unknown, look: Look): Workload {
  const texts = [
    ...textsOfValues(field(runtimeConfig, 'parameterValues'), (value) => value),
    // Pipelines before schema 2.1.0: {stringValue: "x"}.
    ...textsOfValues(field(runtimeConfig, 'parameters'), (value) => field(value, 'stringValue')),
  ];
  return {
    kind: 'vertex-job',
    resource,
    serviceAccount: undefined,
    places: scanTexts(resource, texts, look.digestOf),
    secretReferences: 0,
  };
}

/** Lists and objects are searched as their JSON. */
function textsOfValues(map: unknown, valueOf: (value: unknown) => unknown) {
  if (typeof map !== 'object' || map === null) return [];
  return Object.entries(map).flatMap(([name, given]) => {
    const value = valueOf(given);
    const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
    return typeof text === 'string' ? [{ place: `parameters/${name}`, name, text }] : [];
  });
}
