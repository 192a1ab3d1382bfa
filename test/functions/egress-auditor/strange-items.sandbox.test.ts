import { describe, expect, it } from 'vitest';
import { gibOf, trafficScenario, vm, withAuditor } from '../../support/egress-lab.ts';

const scenario = trafficScenario(
  {
    vms: [vm('a'), vm('b', 'us-central1-b'), vm('c', 'us-central1-b')],
    notebooks: [{ id: 'nb', zone: 'us-central1-a', machineType: 'n1-standard-4' }],
    traffic: [
      { from: 'vm:a', to: 'vm:b', gibPerDay: 100 },
      { from: 'gs://data', to: 'country:usa/America', gibPerDay: 10 },
      { from: 'gs://other', to: 'country:usa/America', gibPerDay: 5 },
    ],
  },
  [
    { name: 'data', location: 'US' },
    { name: 'other', location: 'US' },
  ],
);
const ZONE = 'zones/us-central1-b';

/** One item of one listing, and how it is named. */
const CASES = [
  {
    what: 'bucket',
    route: 'storage.buckets.list',
    at: ['items', 0, 'location'],
    where: /^(?:data|projects\/_\/buckets\/data)$/,
    path: 'items[0].location: it is 7',
  },
  {
    what: 'VM',
    route: 'compute.instances.aggregatedList',
    at: ['items', ZONE, 'instances', 0, 'networkInterfaces'],
    where: /^(?:b|c)$/,
    path: `items.${ZONE}.instances[0].networkInterfaces: it is 7`,
  },
  {
    what: 'notebook',
    route: 'notebooks*instances.list',
    at: ['instances', 0, 'gceSetup'],
    where: /instances\/nb$/,
    path: 'instances[0].gceSetup: it is 7',
  },
] as const;

describe('one strange item of a listing', () => {
  for (const { what, route, at, where, path } of CASES)
    it(`${what}: is reported as not evaluable with path and value, and the rest is judged`, () =>
      withAuditor({ scenario }, async ({ sandbox, report }) => {
        const before = await report();
        sandbox.faults.add({ route, fault: { kind: 'field', at, value: 7 } });
        const after = await report();
        const named = after.incomplete.find(({ why }) => why.includes(path));
        expect(named, JSON.stringify(after.incomplete)).toBeDefined();
        expect(named?.where).toMatch(where);
        expect(named?.why).toMatch(/^not evaluable: /);
        // The traffic is measured, whatever cannot be said about one of its ends.
        const total = (of: Readonly<Record<string, number>>): number =>
          Object.values(of).reduce((sum, gib) => sum + gib, 0);
        expect(total(gibOf(after))).toBeCloseTo(total(gibOf(before)), 3);
      }));
});
