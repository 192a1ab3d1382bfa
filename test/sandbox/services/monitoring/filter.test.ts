import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { ApiError } from '../../http/api-error.ts';
import { readDescriptorFilter, readSeriesFilter } from './filter.ts';

const CPU = 'compute.googleapis.com/instance/cpu/utilization';
const SENT = 'compute.googleapis.com/instance/network/sent_bytes_count';

const subject = {
  metric: { type: SENT, labels: { instance_name: 'trainer-1', loadbalanced: 'false' } },
  resource: {
    type: 'gce_instance',
    labels: { project_id: 'ml-dev', instance_id: '42', zone: 'europe-west4-a' },
  },
};

describe('readSeriesFilter', () => {
  const matching: readonly (readonly [name: string, rest: string, expected: boolean])[] = [
    ['nothing but the type', '', true],
    ['= equal', 'AND resource.labels.instance_id = "42"', true],
    ['= different', 'AND resource.labels.instance_id = "43"', false],
    ['is case-sensitive', 'AND metric.labels.instance_name = "Trainer-1"', false],
    ['label without s', 'AND resource.label.instance_id = "42"', true],
    ['quoted label', 'AND resource.labels."instance_id" = "42"', true],
    ['single quotes', "AND resource.labels.instance_id = '42'", true],
    ['no spaces', 'AND resource.labels.instance_id="42"', true],
    ['bare word', 'AND metric.labels.loadbalanced = false', true],
    ['!= different', 'AND resource.labels.zone != "europe-west4-b"', true],
    ['!= equal', 'AND resource.labels.zone != "europe-west4-a"', false],
    [': substring', 'AND resource.labels.zone : "west4"', true],
    [': absent substring', 'AND resource.labels.zone : "west1"', false],
    [': presence', 'AND resource.labels.zone:*', true],
    ['one_of hit', 'AND resource.labels.instance_id = one_of("1", "42")', true],
    ['one_of miss', 'AND resource.labels.instance_id = one_of("1", "2")', false],
    ['!= one_of', 'AND resource.labels.instance_id != one_of("1", "2")', true],
    ['starts_with hit', 'AND resource.labels.zone = starts_with("europe-")', true],
    ['starts_with miss', 'AND resource.labels.zone = starts_with("west4")', false],
    ['ends_with hit', 'AND resource.labels.zone = ends_with("-a")', true],
    ['ends_with miss', 'AND resource.labels.zone = ends_with("-b")', false],
    ['has_substring hit', 'AND resource.labels.zone = has_substring("west4")', true],
    ['has_substring miss', 'AND resource.labels.zone = has_substring("west1")', false],
    [
      'full_match hit',
      'AND metric.labels.instance_name = monitoring.regex.full_match("trainer-\\\\d")',
      true,
    ],
    [
      'full_match is anchored',
      'AND metric.labels.instance_name = monitoring.regex.full_match("trainer")',
      false,
    ],
    [
      'full_match binds its alternatives',
      'AND resource.labels.zone = monitoring.regex.full_match("x|europe")',
      false,
    ],
    ['numbers', 'AND resource.labels.instance_id >= 42', true],
    ['numbers below', 'AND resource.labels.instance_id < 42', false],
    ['resource.type', 'AND resource.type = "gce_instance"', true],
    ['another resource.type', 'AND resource.type = "gcs_bucket"', false],
    ['project', 'AND project = "ml-dev"', true],
    ['another project', 'AND project = "ml-prod"', false],
    ['NOT', 'AND NOT resource.labels.zone = "europe-west4-a"', false],
    ['minus', 'AND -resource.labels.zone = "europe-west4-b"', true],
    ['AND may be left out', 'resource.labels.instance_id = "43"', false],
    ['OR', 'AND (resource.labels.instance_id = "1" OR resource.labels.instance_id = "42")', true],
    [
      'OR binds tighter than AND',
      'AND project = "x" OR resource.type = "gce_instance" AND project = "ml-dev"',
      true,
    ],
    ['parentheses', 'AND ((project = "x" AND resource.type = "gce_instance") OR project = "y")', false],
    ['NOT of parentheses', 'AND NOT (project = "x" OR project = "y")', true],
    ['several lines', '\n  AND\n\tproject = "ml-dev"', true],
  ];
  for (const [name, rest, expected] of matching)
    test(name, () => {
      assert.equal(readSeriesFilter(`metric.type = "${SENT}" ${rest}`).matches(subject), expected);
    });

  test('does not match a series of another metric', () => {
    assert.equal(readSeriesFilter(`metric.type = "${CPU}"`).matches(subject), false);
  });

  const refused: readonly (readonly [name: string, filter: string, message: RegExp])[] = [
    ['empty', '', /The filter is empty/],
    ['no metric type', 'resource.type = "gce_instance"', /must specify a single metric type/],
    ['starts_with on the type', 'metric.type = starts_with("compute")', /must specify a single metric type/],
    ['two types', `metric.type = one_of("${CPU}", "${SENT}")`, /must specify a single metric type/],
    [
      'two types by OR',
      `metric.type = "${CPU}" OR metric.type = "${SENT}"`,
      /must specify a single metric type/,
    ],
    [
      'two types by AND',
      `metric.type = "${CPU}" AND metric.type = "${SENT}"`,
      /must specify a single metric type/,
    ],
    ['not that type', `NOT metric.type = "${CPU}"`, /must specify a single metric type/],
    [
      'type only in one branch',
      `metric.type = "${CPU}" OR project = "x"`,
      /must specify a single metric type/,
    ],
    [
      'unknown field',
      `metric.type = "${CPU}" AND metric.state = "used"`,
      /Unknown filter field "metric.state"/,
    ],
    ['unknown label', `metric.type = "${CPU}" AND resource.labels.instanceid = "1"`, /not a label of/],
    [
      'label of another metric',
      `metric.type = "${CPU}" AND metric.labels.loadbalanced = false`,
      /not a label of/,
    ],
    ['lower-case and', `metric.type = "${CPU}" and project = "x"`, /line 1, column 68, token 'project'/],
    ['no value', 'metric.type =', /line 1, column 13, token '<EOF>'/],
    ['no operator', 'metric.type "x"', /line 1, column 12, token '"x"'/],
    ['open parenthesis', '(metric.type = "x"', /line 1, column 18, token '<EOF>'/],
    ['unclosed string', 'metric.type = "x', /line 1, column 14, token '"'/],
    ['second line', 'metric.type = "x" AND\nproject @ "y"', /line 2, column 8, token '@'/],
    ['unknown function', 'metric.type = upper("x")', /line 1, column 14, token 'upper'/],
    [
      'function with has',
      'metric.type = "x" AND project : one_of("a")',
      /':' cannot be used with a function/,
    ],
    ['two arguments', 'metric.type = starts_with("a", "b")', /exactly one argument/],
    ['unquoted argument', 'metric.type = one_of(a)', /column 21, token 'a'/],
    ['bad expression', 'metric.type = monitoring.regex.full_match("(")', /Invalid regular expression/],
    ['look-ahead', 'metric.type = monitoring.regex.full_match("a(?=b)")', /Invalid regular expression/],
  ];
  for (const [name, filter, message] of refused)
    test(`refuses: ${name}`, () => {
      assert.throws(
        () => readSeriesFilter(filter),
        (error) => {
          assert(error instanceof ApiError);
          assert.equal(error.code, 'INVALID_ARGUMENT');
          assert(error.message.startsWith(`Field filter had an invalid value of "${filter}": `));
          assert.match(error.message, message);
          return true;
        },
      );
    });

  test('one_of takes 100 values and no more', () => {
    const ids = (count: number): string =>
      Array.from({ length: count }, (_, index) => `"${index}"`).join(',');
    const filter = (count: number): string =>
      `metric.type = "${CPU}" AND resource.labels.instance_id = one_of(${ids(count)})`;
    assert.equal(readSeriesFilter(filter(100)).query.resourceLabels['instance_id']?.length, 100);
    assert.throws(() => readSeriesFilter(filter(101)), /at most 100 values, got 101/);
  });

  const pinned: readonly (readonly [rest: string, resourceLabels: object])[] = [
    ['', {}],
    ['AND resource.labels.instance_id = one_of("1", "2")', { instance_id: ['1', '2'] }],
    [
      'AND (resource.labels.instance_id = "1" OR resource.labels.instance_id = "2")',
      { instance_id: ['1', '2'] },
    ],
    ['AND (resource.labels.instance_id = "1" OR resource.labels.zone = "a")', {}],
    ['AND resource.labels.instance_id != "1"', {}],
    ['AND NOT resource.labels.instance_id = "1"', {}],
    ['AND resource.labels.instance_id = starts_with("1")', {}],
    [
      'AND resource.labels.instance_id = "1" AND resource.labels.instance_id = one_of("1", "2")',
      { instance_id: ['1'] },
    ],
    ['AND metric.labels.instance_name = "x" AND resource.labels.zone = "a"', { zone: ['a'] }],
  ];
  for (const [rest, resourceLabels] of pinned)
    test(`pins resources: ${rest}`, () => {
      const { query } = readSeriesFilter(`metric.type = "${CPU}" ${rest}`);
      assert.deepEqual(query, { metricType: CPU, resourceLabels });
    });
});

describe('readDescriptorFilter', () => {
  const cases: readonly (readonly [filter: string, expected: boolean])[] = [
    ['', true],
    ['metric.type = starts_with("compute.googleapis.com/instance/network")', true],
    ['metric.type = starts_with("storage.googleapis.com/")', false],
    ['metric.type = has_substring("jupyterlab")', false],
    ['resource.type = "gce_instance"', true],
  ];
  for (const [filter, expected] of cases)
    test(`${filter === '' ? '(empty)' : filter} is ${expected}`, () => {
      assert.equal(readDescriptorFilter(filter)(subject), expected);
    });
});
