import assert from 'node:assert/strict';
import { test } from 'vitest';
import { createLog, type Log } from '../../../shared/run/log.ts';

const LIMIT = 250 * 1024;

function collect(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const log = createLog((line) => void lines.push(line), { function: 'idle-notebook-stopper' });
  return { log, lines };
}

/** The bytes of a line whose only field `filler` is empty. */
function emptyLineBytes(): number {
  const { log, lines } = collect();
  log('INFO', 'm', { filler: '' });
  return Buffer.byteLength(lines[0] ?? '');
}

test('a line is one JSON object with severity, message, the base and the fields', () => {
  const { log, lines } = collect();
  log('WARNING', 'two\nlines', { runId: 'r', receipt: { kept: {} } });
  assert.equal(lines.length, 1);
  assert.ok(!lines[0]?.includes('\n'));
  assert.deepEqual(JSON.parse(lines[0] ?? ''), {
    severity: 'WARNING',
    message: 'two\nlines',
    function: 'idle-notebook-stopper',
    runId: 'r',
    receipt: { kept: {} },
  });
});

test('a line of exactly the limit is written as it is', () => {
  const { log, lines } = collect();
  log('INFO', 'm', { filler: 'x'.repeat(LIMIT - emptyLineBytes()) });
  assert.equal(Buffer.byteLength(lines[0] ?? ''), LIMIT);
  assert.ok(lines[0]?.includes('filler'));
});

for (const [name, filler] of [
  ['one byte more', 'x'.repeat(LIMIT - emptyLineBytes() + 1)],
  ['few characters of three bytes each', '€'.repeat(Math.ceil((LIMIT - emptyLineBytes() + 1) / 3))],
] as const)
  test(`a line over the limit (${name}) leaves its fields out and says so`, () => {
    const { log, lines } = collect();
    log('ERROR', 'the run failed', { filler });
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    assert.deepEqual(Object.keys(line), ['severity', 'message', 'function', 'omitted']);
    assert.deepEqual([line['severity'], line['message']], ['ERROR', 'the run failed']);
    assert.match(
      String(line['omitted']),
      /too long for one log line \(\d+ characters\): see the stored receipt/,
    );
  });

test('a message over the limit is cut, and the line stays below it', () => {
  const { log, lines } = collect();
  log('ERROR', '€'.repeat(LIMIT));
  const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.equal(line['message'], '€'.repeat(10_000));
  assert.ok(Buffer.byteLength(lines[0] ?? '') <= LIMIT);
});
