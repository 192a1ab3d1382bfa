import assert from 'node:assert/strict';
import { test } from 'vitest';
import { idealCalls } from './ideal-schedule.ts';

function calls(pages: number, rest: Readonly<Record<string, number>> = {}): Readonly<Record<string, number>> {
  return {
    'notebooks.projects.locations.instances.list': pages,
    'monitoring.projects.timeSeries.list': 8 * Math.ceil((pages * 100) / 80),
    'compute.disks.aggregatedList': 1,
    'compute.instances.aggregatedList': 1,
    'storage.objects.get': 1,
    'storage.objects.insert': 1,
    ...rest,
  };
}

const cases = [
  { name: 'one page: list, signals, receipt', made: calls(1), chain: 3 },
  { name: 'pages follow each other, and signals are read meanwhile but for those of the last', made: calls(10), chain: 12 },
  { name: 'a page that is not full has fewer queries', made: calls(3, { 'monitoring.projects.timeSeries.list': 24 }), chain: 5 },
  { name: 'memory that takes two reads delays the signals', made: calls(1, { 'storage.objects.get': 2 }), chain: 4 },
  { name: 'a long disk listing outlasts the notebooks', made: calls(2, { 'compute.disks.aggregatedList': 9 }), chain: 10 },
  { name: 'jobs are read once, after the first signals', made: calls(1, { 'aiplatform.projects.locations.list': 1, 'aiplatform.projects.locations.customJobs.list': 40 }), chain: 5 },
  { name: 'of many pages the jobs are read meanwhile', made: calls(10, { 'aiplatform.projects.locations.list': 1, 'aiplatform.projects.locations.customJobs.list': 40 }), chain: 12 },
  { name: 'of many notebooks each metric is one query of some pages', made: calls(100, { 'monitoring.projects.timeSeries.list': 38, 'compute.instances.aggregatedList': 20 }), chain: 101 },
  { name: 'jobs are read after those', made: calls(10, { 'monitoring.projects.timeSeries.list': 8, 'aiplatform.projects.locations.list': 1 }), chain: 11 },
  { name: 'a large receipt goes up while pages are read', made: calls(100, { 'storage.objects.insert': 4 }), chain: 102 },
]; // prettier-ignore

for (const { name, made, chain } of cases)
  test(`idealCalls: ${name}`, () => {
    assert.equal(idealCalls(made), chain);
  });

test('idealCalls refuses calls of another pattern, such as a repeated query', () => {
  assert.throws(
    () => idealCalls(calls(2, { 'monitoring.projects.timeSeries.list': 17 })),
    /ideal schedule of these calls/,
  );
});

test('idealCalls refuses calls that it does not know', () => {
  assert.throws(() => idealCalls(calls(2, { 'pubsub.topics.publish': 1 })), /ideal schedule of these calls/);
});
