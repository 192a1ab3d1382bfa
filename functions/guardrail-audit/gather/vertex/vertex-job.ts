import type { Workload } from '../../facts.ts';
import type { Look } from '../attempt.ts';
import { field, scanTexts, textOfList, textsOfPairs, type PlacedText } from '../texts.ts';
import { listOf, textField } from '../workloads.ts';

/** The specification of a job: what it runs stays readable after it ended. */
export function jobOf(resource: string, spec: unknown, look: Look): Workload {
  return {
    kind: 'vertex-job',
    resource,
    serviceAccount: textField(spec, 'serviceAccount'),
    places: scanTexts(resource, textsOfJob(spec), look.digestOf),
    secretReferences: 0,
  };
}

/** `prefix` ends in a slash, or is empty. */
export function textsOfJob(spec: unknown, prefix = ''): readonly PlacedText[] {
  const pools = listOf(field(spec, 'workerPoolSpecs'));
  return pools.flatMap((pool, at) => {
    const container = field(pool, 'containerSpec');
    const python = field(pool, 'pythonPackageSpec');
    const place = pools.length === 1 ? prefix : `${prefix}pool-${at}/`;
    return [
      ...textsOfPairs(field(container, 'env'), `${place}env`),
      ...textOfList(field(container, 'args'), `${place}args`),
      ...textOfList(field(container, 'command'), `${place}command`),
      ...textsOfPairs(field(python, 'env'), `${place}env`),
      ...textOfList(field(python, 'args'), `${place}args`),
    ];
  });
}
