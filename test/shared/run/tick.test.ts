import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { PermanentError } from '../../../shared/errors.ts';
import { quote, readMessage } from '../../../shared/run/message.ts';
import { continueTick, isStale, parseTick, projectTick } from '../../../shared/run/tick.ts';

const TOPIC = 'projects/ml-ops/topics/costguard-idle-notebook-stopper';

function event(message: object, more: object = {}): unknown {
  return {
    id: 'event-1',
    source: `//pubsub.googleapis.com/${TOPIC}`,
    time: '2026-11-18T21:00:00Z',
    data: { message, subscription: 'projects/ml-ops/subscriptions/s' },
    ...more,
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

describe('readMessage', () => {
  const PUBLISHED = Date.parse('2026-11-18T21:40:00.5Z');

  test('reads both spellings of the wire', () => {
    const wanted = { id: '17', text: '{}', publishedMs: PUBLISHED, topic: TOPIC };
    for (const ids of [
      { messageId: '17', publishTime: '2026-11-18T21:40:00.5Z' },
      { message_id: '17', publish_time: '2026-11-18T21:40:00.5Z' },
      { messageId: '17', message_id: '17', publishTime: '2026-11-18T21:40:00.5Z' },
    ]) {
      const { id, text, publishedMs, topic } = readMessage(event({ data: base64('{}'), ...ids }));
      assert.deepEqual({ id, text, publishedMs, topic }, wanted);
    }
  });

  test("takes the event's own id and time where the message has none", () => {
    const { id, publishedMs } = readMessage(event({}));
    assert.deepEqual([id, publishedMs], ['event-1', Date.parse('2026-11-18T21:00:00Z')]);
  });

  test('a message without data is an empty text', () => {
    assert.equal(readMessage(event({ messageId: '1' })).text, '');
  });

  test('decodes UTF-8', () => {
    const text = '{"project": "größe-ガード-🛡"}';
    assert.equal(readMessage(event({ data: base64(text) })).text, text);
  });

  test('does not fall over data that is no base64 or no UTF-8', () => {
    assert.doesNotThrow(() => readMessage(event({ data: '%%%' })));
    assert.equal(readMessage(event({ data: '//79' })).text, '\ufffd'.repeat(3));
  });

  test('a time that cannot be read, and a source of another kind, are unknown', () => {
    const { publishedMs, topic } = readMessage(event({ publishTime: 'yesterday' }, { source: '//other/x' }));
    assert.deepEqual([publishedMs, topic], [undefined, undefined]);
  });

  test('refuses what is no Pub/Sub event, for good', () => {
    const broken = [
      undefined,
      null,
      'text',
      7,
      {},
      { id: 'x' },
      event([]),
      { id: 'x', source: 's', data: {} },
    ];
    for (const value of [...broken, event({ data: 7 })])
      assert.throws(() => readMessage(value), PermanentError, JSON.stringify(value));
  });
});

describe('parseTick', () => {
  test('the whole scope, or one project', () => {
    assert.deepEqual(parseTick('{}'), { kind: 'scope' });
    assert.deepEqual(parseTick(' { } '), { kind: 'scope' });
    assert.deepEqual(parseTick('{"project": "ml-lab"}'), { kind: 'project', projectId: 'ml-lab' });
    const first = { kind: 'project', projectId: 'ml-lab', earlier: [] };
    assert.deepEqual(parseTick('{"project": "ml-lab", "first": true}'), first);
    assert.deepEqual(parseTick('{"project": "ml-lab", "first": ["ml-art"]}'), {
      ...first,
      earlier: ['ml-art'],
    });
    for (const text of [
      '{"first": true}',
      '{"project": "ml-lab", "first": false}',
      '{"project": "ml-lab", "first": ["ml art"]}',
    ])
      assert.throws(() => parseTick(text), PermanentError);
    assert.deepEqual(parseTick('{"project": "example.com:ml-lab"}'), {
      kind: 'project',
      projectId: 'example.com:ml-lab',
    });
  });

  test('the rest of a sweep, as continueTick writes it', () => {
    const part = { id: '13', part: 2, after: 'bucket-7', previous: 'gs://b/receipts/r.json' };
    const parsed = { kind: 'project', projectId: 'ml-lab', part };
    assert.deepEqual(parseTick(continueTick('ml-lab', part)), parsed);
  });

  test('a project of a tick for the whole scope, as projectTick writes it: the same for each delivery of the tick', () => {
    const origin = { id: '9876543210', publishedMs: Date.parse('2026-11-16T05:00:00.5Z') };
    const parsed = { kind: 'project', projectId: 'ml-lab', origin };
    assert.deepEqual(parseTick(projectTick('ml-lab', origin)), parsed);
  });

  const refused = [
    '{"tick": {"id": "1", "publishedMs": 0}}',
    '{"project": "ml-lab", "tick": {"id": "1"}}',
    '{"project": "ml-lab", "tick": {"id": "1", "publishedMs": -1}}',
    '{"project": "ml-lab", "tick": {"id": "1", "publishedMs": 9e15}}',
    '{"project": "ml-lab", "tick": {"id": "1", "publishedMs": "2026-11-16T05:00:00Z"}}',
    '{"sweep": {"id": "1", "part": 2, "after": "a"}}',
    '{"project": "ml-lab", "sweep": {"id": "1", "part": 1, "after": "a"}}',
    '{"project": "ml-lab", "sweep": {"id": "", "part": 2, "after": "a"}}',
    '{"project": "ml-lab", "sweep": {"id": "1", "part": 2, "after": "a", "previous": "http://x"}}',
    '',
    'tick',
    '{',
    'null',
    '[]',
    '7',
    '"ml-lab"',
    '{"project": 7}',
    '{"project": null}',
    '{"project": ""}',
    '{"project": "ML-LAB"}',
    '{"project": "ml-lab/../other"}',
    '{"project": "größe"}',
    '{"projekt": "ml-lab"}',
    '{"project": "ml-lab", "force": true}',
    '\ufffd\ufffd',
    `{"project": "${'x'.repeat(100_000)}"}`,
  ];
  for (const text of refused)
    test(`refuses ${quote(text).slice(0, 60)}`, () => {
      assert.throws(
        () => parseTick(text),
        (error) =>
          error instanceof PermanentError &&
          error.message.startsWith('Cannot read the tick ') &&
          error.message.endsWith('send {} or {"project": "ID"}') &&
          error.message.length < 1_000,
      );
    });
});

test('a tick is stale after 60 minutes, not with them', () => {
  const now = Date.parse('2026-11-18T21:40:00Z');
  assert.equal(isStale(now - 3_600_000, now), false);
  assert.equal(isStale(now - 3_600_001, now), true);
  assert.equal(isStale(now, now), false);
  assert.equal(isStale(now + 60_000, now), false, 'of a clock that goes ahead');
  assert.equal(isStale(undefined, now), false, 'of unknown age');
});

test('quote keeps a text on one line and short', () => {
  assert.equal(quote('a\n"b"'), '"a\\n\\"b\\""');
  assert.equal(quote('x'.repeat(200)), `"${'x'.repeat(200)}"`);
  assert.equal(quote('x'.repeat(201)), `"${'x'.repeat(200)}…"`);
});
