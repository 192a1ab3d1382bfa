import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { guardBudget } from '../../../functions/budget-kill-switch/function.ts';
import { handleEvent } from '../../../shared/run/handle-event.ts';
import { seededRandom } from '../../sandbox/http/faults.ts';
import { fakeGoogle } from '../../support/fake-google.ts';
import { newWorld, OWN_PROJECT, policyText, wireOf, type ModelMessage } from '../../support/ladder-model.ts';

const MESSAGES = 100_000;

const random = seededRandom(20261124);
const nat = (below: number): number => Math.floor(random() * below);
/** One of the values, of which there is one at least. */
function pick<T>(values: readonly T[]): T {
  return values[nat(values.length)] as T;
}

/** A period long past: whatever of these stays whole is read, judged and ignored, and nothing follows from it. */
const LONG_PAST = '2020-02-01T08:00:00Z';

const real: ModelMessage = {
  budget: 0,
  period: 0,
  percent: 130,
  namesThreshold: true,
  forecastPercent: 120,
  amountPercent: 100,
  currency: 'USD',
};

const ANOMALY = {
  attributes: {
    scope: 'PROJECT',
    billingAccountName: 'billingAccounts/01D4EE-079462-DFD6EC',
    resourceDisplayName: 'ml-research',
    resourceName: 'projects/101',
    SchemaVersion: '1.0',
  },
  data: { anomalyName: 'a', expectedSpendAmount: 1, actualSpendAmount: 99, currencyCode: 'USD' },
};

interface Shape {
  attributes: Record<string, unknown>;
  data: Record<string, unknown>;
}

function realShape(): Shape {
  if (nat(12) === 0) return structuredClone(ANOMALY);
  const { attributes, data } = wireOf({ ...real, budget: nat(6) });
  return { attributes: { ...attributes }, data: { ...data, costIntervalStart: LONG_PAST } };
}

const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

/** Values that have broken parsers before. */
const NASTY: readonly (() => unknown)[] = [
  () => null,
  () => pick([true, false]),
  () => pick([0, -0, -1, 1e308, -1e308, 2 ** 53, 5e-324, 1.7976931348623157e308]),
  () => pick(['NaN', 'Infinity', '-Infinity', '1e999', '0x10', '', ' ', '1,5', '100']),
  () => pick(['\u0000', '\ud800', '\u202e', '🚨'.repeat(50), 'é', '𝒳', '\uffff', '</script>', "'; DROP", '${7*7}']),
  () => pick(['../../etc', 'a/b', '..', 'projects/ml-research', '__proto__', 'constructor', 'toString']),
  () => 'x'.repeat(nat(5_000)),
  () => [],
  () => [realShape().data],
  () => ({}),
  () => ({ toString: 1, valueOf: null, toJSON: 'x' }),
  () => JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}') as unknown,
  () => pick(['2020-13-01T08:00:00Z', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2020-02-30T08:00:00Z', 'now']),
  () => pick(['usd', 'EUR', 'USDX', '$', 'XXX']),
  () => new Date(nat(2 ** 31) * 500).toISOString(),
]; // prettier-ignore

const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  '\u0000',
  'then',
  'length',
];

function mutate(shape: Shape): void {
  const part = random() < 0.35 ? shape.attributes : shape.data;
  const keys = Object.keys(part);
  switch (nat(5)) {
    case 0:
      if (keys.length > 0) Reflect.deleteProperty(part, pick(keys));
      return;
    case 1:
      setOwn(part, pick([...KEYS, ...keys]), pick(NASTY)());
      return;
    case 2:
      if (keys.length > 1) setOwn(part, pick(keys), part[pick(keys)]);
      return;
    default:
      if (keys.length > 0) setOwn(part, pick(keys), pick(NASTY)());
  }
}

/** `__proto__` becomes a key of its own, as JSON.parse makes it. */
function setOwn(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** The text that goes into base64. */
function textOf({ data }: Shape): string {
  const text = JSON.stringify(data);
  switch (nat(14)) {
    case 0:
      return text.slice(0, nat(text.length));
    case 1: {
      const at = nat(text.length);
      return `${text.slice(0, at)}${String.fromCharCode(nat(0x300))}${text.slice(at + 1)}`;
    }
    case 2:
      return text.replace(/:-?\d[\d.]*/, `:${pick(['NaN', '1e999', '-1e999', '01', '1_000', '0x1F', '+1', '.5', '9'.repeat(400)])}`);
    case 3:
      return pick([`[${text}]`, `"${text}"`, `${text}${text}`, `\ufeff${text}`, ` ${text} `, `${text},`]);
    case 4:
      return text.replace('{', pick([`{"a":${random() < 0.02 ? DEEP : '[[[[]]]]'},`, '{"costAmount":{},', '{"costAmount":1,']));
    default:
      return text;
  }
} // prettier-ignore

function base64Of(text: string): unknown {
  const good = Buffer.from(text).toString('base64');
  switch (nat(30)) {
    case 0:
      return good.slice(0, nat(good.length));
    case 1:
      return `${good.slice(0, 7)}${pick(['%', '\u0000', '====', 'ü', '-_-'])}${good.slice(7)}`;
    case 2:
      return text;
    case 3:
      return pick([undefined, null, '', 7, [], {}, true]);
    case 4:
      return Buffer.from(text, 'utf16le').toString('base64');
    default:
      return good;
  }
}

/** The CloudEvent; now and then it is none. */
function eventOf(n: number): unknown {
  const shape = realShape();
  for (let left = 1 + nat(3); left > 0; left--) mutate(shape);
  const id = random() < 0.97 ? String(n) : pick(['../x', '', '🚨', 'a/b', 'x'.repeat(3_000), '.', '\u0000']) + String(n);
  const message = { data: base64Of(textOf(shape)), attributes: attributesOf(shape), messageId: id };
  const event = { id, source: '//pubsub.googleapis.com/projects/p/topics/t', data: { message } };
  if (random() < 0.98) return event;
  return pick<() => unknown>([
    () => undefined,
    () => pick(NASTY)(),
    () => ({ ...event, data: pick(NASTY)() }),
    () => ({ ...event, data: { message: pick(NASTY)() } }),
    () => ({ ...event, source: pick(NASTY)() }),
    () => ({ ...event, id: pick(NASTY)(), data: { message: { ...message, messageId: pick(NASTY)() } } }),
  ])();
} // prettier-ignore

/** Pub/Sub knows texts alone; that they are is checked as well. */
function attributesOf({ attributes }: Shape): unknown {
  if (random() < 0.02) return pick(NASTY)();
  const texts = {};
  for (const [key, value] of Object.entries(attributes))
    setOwn(texts, key, random() < 0.98 && typeof value !== 'string' ? JSON.stringify(value) : value);
  return texts;
}

describe(`budget-kill-switch on ${MESSAGES.toLocaleString('en-US')} messages that Google never sends`, () => {
  it('survives them all, and writes nothing but poison', async () => {
    const fake = fakeGoogle({
      world: newWorld(),
      functionName: 'budget-kill-switch',
      ownProject: OWN_PROJECT,
      policyText: () => text,
    });
    const text = policyText({
      mode: 'enforce',
      basis: 'either',
      ladder: [
        { atPercent: 50, do: 'notify' },
        { atPercent: 80, do: 'stop-notebooks' },
        { atPercent: 100, do: 'stop-compute' },
        { atPercent: 120, do: 'unlink-billing' },
      ],
    });
    const { world } = fake;
    const objectProto = Object.getOwnPropertyNames(Object.prototype);
    const reasons = new Map<string, number>();
    let poisoned = 0;
    for (let n = 0; n < MESSAGES; n++) {
      const event = eventOf(n);
      try {
        await handleEvent(fake.runtime, event, guardBudget);
      } catch (error) {
        assert.fail(`not acknowledged: ${JSON.stringify(event).slice(0, 2_000)}: ${String(error)}`);
      }
      assert.equal(world.lines.length, 1, `one line each: ${world.lines.join('\n')}`);
      const [line = ''] = world.lines.splice(0);
      assert.ok(line.length < 4_000, `a short line: ${line}`);
      const { severity, reason } = JSON.parse(line) as { severity: string; reason?: string };
      reasons.set(reason ?? severity, (reasons.get(reason ?? severity) ?? 0) + 1);
      for (const [name, { text: record }] of world.objects) {
        // When a message of a past period came, for the alert of a silent budget.
        if (reason === 'period-over' && name.endsWith('/heard.json')) {
          assert.ok(record.length < 1_000, `a record of bounded size: ${record.length}`);
          continue;
        }
        assert.match(name, /^poison\/budget-kill-switch\/[\w.-]{1,205}$/);
        assert.ok(record.length < 700_000, `a record of bounded size: ${record.length}`);
        assert.ok(severity === 'ERROR', line);
        poisoned += 1;
      }
      world.objects.clear();
    }
    assert.deepEqual([world.changes, world.published], [[], []]);
    assert.deepEqual(world.projects, newWorld().projects);
    assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), objectProto);
    // Each way through has been gone often: nothing is shown by messages that all fail at the first check.
    for (const often of ['ERROR', 'period-over', 'cost-anomaly', 'not-allowed', 'foreign-budget'])
      assert.ok((reasons.get(often) ?? 0) > MESSAGES / 200, `${often}: ${JSON.stringify([...reasons])}`);
    assert.ok(poisoned > MESSAGES / 2, `only ${poisoned} were poison`);
  });
});
