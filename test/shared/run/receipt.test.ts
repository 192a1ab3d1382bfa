import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { agedBooks, type UsedBook } from '../../../shared/prices/age/book-age.ts';
import { logSummary } from '../../../shared/run/receipt-lines.ts';
import {
  startReceipt,
  type DecidedOutcome,
  type Decision,
  type Receipt,
  type ReceiptBuilder,
} from '../../../shared/run/receipt.ts';

const FINISHED = new Date('2026-11-18T21:41:00Z');

function start(books: readonly UsedBook[] = []): ReceiptBuilder {
  return startReceipt(
    {
      functionName: 'idle-notebook-stopper',
      runId: '20261118T214000Z-eb46402f',
      mode: 'enforce',
      startedAt: new Date('2026-11-18T21:40:00Z'),
      policyDigest: '0123456789ab',
      projects: ['ml-lab'],
      books,
    },
    ({ action }) => action === 'stop',
  );
}

function decision(id: string, more: Partial<Decision> = {}): Decision {
  return {
    resource: `projects/ml-lab/locations/us-central1-a/instances/${id}`,
    action: 'stop',
    reason: 'idle',
    evidence: { note: 'a "quoted"\nnote' },
    usdPerHour: 0.95,
    ...more,
  };
}

function stored(receipt: ReceiptBuilder): Receipt {
  const decisions = receipt.take(Infinity).map(({ text }) => JSON.parse(text) as DecidedOutcome);
  return { ...receipt.rest(FINISHED, { 'a.b': 2 }), decisions };
}

describe('a receipt', () => {
  test('names the price books behind it that are older than 90 days, also in the log', () => {
    const dates = [
      ['machines', '2026-08-19'],
      ['GPUs', '2026-08-21'],
    ] as const;
    const now = new Date('2026-11-18T21:40:00Z');
    const receipt = start(agedBooks(dates, now));
    assert.deepEqual(stored(receipt).oldPrices, [{ book: 'machines', asOf: '2026-08-19' }]);
    const lines: string[] = [];
    const run = { runId: 'r', title: 'ml-lab' };
    logSummary((_severity, text) => void lines.push(text), run, receipt.summary(FINISHED, {}));
    assert.match(lines.join(), /; prices older than 90 days: machines 2026-08-19$/);
    assert.equal('oldPrices' in stored(start()), false);
  });

  test('of an empty run is complete and valid JSON', () => {
    const receipt = start();
    assert.ok(receipt.isComplete());
    assert.deepEqual(stored(receipt), {
      function: 'idle-notebook-stopper',
      runId: '20261118T214000Z-eb46402f',
      mode: 'enforce',
      startedAt: '2026-11-18T21:40:00.000Z',
      finishedAt: '2026-11-18T21:41:00.000Z',
      policyDigest: '0123456789ab',
      projects: ['ml-lab'],
      decisions: [],
      outcomes: {},
      kept: {},
      incomplete: [],
      failures: [],
      savings: { usdPerHour: 0, unpriced: 0 },
      apiCalls: { 'a.b': 2 },
    });
  });

  test('counts what is kept by reason, and lists it in the stored text only', () => {
    const receipt = start();
    receipt.add({ ...decision('stopped'), outcome: 'done' });
    for (const id of ['one', 'two']) receipt.keep(decision(id, { action: 'keep', reason: 'busy' }));
    receipt.keep(decision('three', { action: 'keep', reason: 'label' }));
    const summary = receipt.summary(FINISHED, { 'a.b': 2 });
    assert.deepEqual(summary.kept, { busy: 2, label: 1 });
    assert.deepEqual(summary.decisions, [{ ...decision('stopped'), outcome: 'done' }]);

    const whole = stored(receipt);
    assert.deepEqual({ ...whole, decisions: summary.decisions }, summary);
    assert.deepEqual(
      whole.decisions.map(({ resource, action, outcome }) => [resource.split('/').at(-1), action, outcome]),
      [
        ['stopped', 'stop', 'done'],
        ['one', 'keep', 'already'],
        ['two', 'keep', 'already'],
        ['three', 'keep', 'already'],
      ],
    );
  });

  test('of kept resources only is valid JSON', () => {
    const receipt = start();
    receipt.keep(decision('one', { action: 'keep', reason: 'busy' }));
    assert.equal(stored(receipt).decisions.length, 1);
  });

  test('adds up the savings of what was done or is planned, and counts what has no price', () => {
    const receipt = start();
    receipt.add({ ...decision('a', { usdPerHour: 1.5 }), outcome: 'done' });
    receipt.add({ ...decision('b', { usdPerHour: 0.25 }), outcome: 'planned' });
    receipt.add({ ...decision('c', { usdPerHour: 'unpriced' }), outcome: 'done' });
    for (const outcome of ['failed', 'already'] as const) {
      receipt.add({ ...decision(outcome, { usdPerHour: 100 }), outcome });
      receipt.add({ ...decision(outcome, { usdPerHour: 'unpriced' }), outcome });
    }
    receipt.add({ ...decision('started', { action: 'start', usdPerHour: 100 }), outcome: 'done' });
    assert.deepEqual(receipt.summary(FINISHED, {}).savings, { usdPerHour: 1.75, unpriced: 1 });
    assert.deepEqual(stored(receipt).savings, { usdPerHour: 1.75, unpriced: 1 });
  });

  test('lists each gap once, and is incomplete from then on', () => {
    const receipt = start();
    receipt.incomplete({ where: 'us-central1-a', why: 'unreachable' });
    receipt.incomplete({ where: 'us-central1-a', why: 'unreachable' });
    receipt.incomplete({ where: 'us-central1-a', why: 'HTTP 503' });
    assert.equal(receipt.isComplete(), false);
    assert.deepEqual(receipt.summary(FINISHED, {}).incomplete, [
      { where: 'us-central1-a', why: 'unreachable' },
      { where: 'us-central1-a', why: 'HTTP 503' },
    ]);
  });

  test('with failures only is still complete: everything was seen', () => {
    const receipt = start();
    receipt.fail({ resource: 'r', error: 'HTTP 403' });
    assert.ok(receipt.isComplete());
    assert.deepEqual(stored(receipt).failures, [{ resource: 'r', error: 'HTTP 403' }]);
  });

  test('counts all outcomes, and forgets what was taken', () => {
    const receipt = start();
    receipt.add({ ...decision('a'), outcome: 'done' });
    assert.equal(receipt.take(2).length, 1);
    receipt.add({ ...decision('b'), outcome: 'done' });
    receipt.add({ ...decision('c'), outcome: 'failed' });
    assert.deepEqual(
      [...receipt.take(1), ...receipt.take(2)].map(({ outcome }) => outcome.resource.split('/').at(-1)),
      ['b', 'c'],
    );
    assert.deepEqual(receipt.rest(FINISHED, {}).outcomes, { 'stop done': 2, 'stop failed': 1 });
  });

  test('of 50,000 stops, gaps and failures has a summary of a few megabytes, which says what it leaves out', () => {
    const receipt = start();
    const all = 50_000;
    for (let at = 0; at < all; at++) {
      receipt.add({ ...decision(`nb-${at}`, { evidence: { note: 'ü'.repeat(500) } }), outcome: 'done' });
      receipt.incomplete({ where: `zone-${at}`, why: 'x'.repeat(100) });
      receipt.fail({ resource: `r-${at}`, error: 'x'.repeat(100) });
      receipt.take(2);
    }
    const summary = receipt.summary(FINISHED, {});
    assert.ok(Buffer.byteLength(JSON.stringify(summary)) < 3_100_000);
    for (const list of ['decisions', 'incomplete', 'failures'] as const) {
      assert.ok(summary[list].length > 500, list);
      assert.equal(summary[list].length + (summary.omitted?.[list] ?? 0), all, list);
    }
    assert.equal(summary.decisions[0]?.resource.endsWith('/nb-0'), true, 'the first ones');
    assert.deepEqual(summary.outcomes, { 'stop done': all });
    assert.equal(receipt.rest(FINISHED, {}).failures.length, all, 'the stored receipt has them all');
    assert.ok(Buffer.byteLength(JSON.stringify(receipt.summary(FINISHED, {}, 1_000))) < 4_000);
  });
});
