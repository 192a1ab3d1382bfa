import { expect, it } from 'vitest';
import { filterOf } from './filter.ts';

const ENTRY = {
  insertId: 'i-1',
  severity: 'WARNING',
  timestamp: '2026-11-18T12:00:00.000Z',
  resource: { type: 'cloud_run_revision', labels: { service_name: 'budget-kill-switch' } },
  labels: { 'goog-managed-by': 'cloudfunctions' },
  jsonPayload: { alert: 'Budget-Rung', percent: 90, receipt: { dryRun: false } },
};

// cloud.google.com/logging/docs/view/logging-query-language: "NOT missingField=foo" is true and "missingField!=foo" is
// false; comparisons of strings ignore letter case; fields of LogEntry that are absent have their default.
it.each([
  ['', true],
  ['severity>=WARNING', true],
  ['severity>=ERROR', false],
  ['severity<error', true],
  ['jsonPayload.alert="budget-rung"', true],
  ['jsonPayload.alert:"RUNG"', true],
  ['jsonPayload.percent>9', true],
  ['jsonPayload.percent>=100', false],
  ['jsonPayload.receipt:*', true],
  ['jsonPayload.receipt.dryRun=false', true],
  ['jsonPayload.missing:*', false],
  ['jsonPayload.missing!=foo', false],
  ['NOT jsonPayload.missing=foo', true],
  ['labels.none!=foo', false],
  ['resource.labels.region!=us-central1', false],
  ['trace=""', true],
  ['trace!="t"', true],
  ['labels."goog-managed-by"="cloudfunctions"', true],
  ['resource.type="gce_instance" OR severity=WARNING', true],
  ['resource.type="gce_instance" severity=WARNING', false],
  ['timestamp>="2026-11-18T11:00:00Z" AND NOT severity=ERROR', true],
])('%s: %s', (filter, expected) => {
  expect(filterOf(filter)(ENTRY)).toBe(expected);
});

it.each(['thud=1', 'severity', 'severity=', 'severity>=LOUD', '(severity=ERROR', 'severity=ERROR)'])(
  'refuses %s before it looks at any entry',
  (filter) => {
    expect(() => filterOf(filter)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  },
);
