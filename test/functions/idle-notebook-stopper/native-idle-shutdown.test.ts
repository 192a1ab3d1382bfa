import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import {
  auditIdleShutdown,
  type NativeIdleShutdown,
} from '../../../functions/idle-notebook-stopper/native-idle-shutdown.ts';

type Metadata = Readonly<Record<string, string>>;

function audit(
  metadata: Metadata,
  { state = 'ACTIVE', healthState = 'HEALTHY' }: { state?: string; healthState?: string } = {},
): NativeIdleShutdown {
  return auditIdleShutdown({ state, healthState, metadata });
}

const timeouts: readonly (readonly [
  name: string,
  timeout: string,
  status: string,
  afterMinutes: number | undefined,
])[] = [
  ['empty', '', 'off', undefined],
  ["Google's default, stated", '10800', 'on', 180],
  ["the console's least", '600', 'on', 10],
  ["the console's most", '86400', 'on', 1440],
  ['one second', '1', 'on', 1 / 60],
  ['leading zeros', '0600', 'on', 10],
  ['zero', '0', 'unknown', undefined],
  ['zeros', '000', 'unknown', undefined],
  ['negative', '-600', 'unknown', undefined],
  ['a duration', '180m', 'unknown', undefined],
  ['a decimal', '600.5', 'unknown', undefined],
  ['a blank', ' ', 'unknown', undefined],
  ['surrounded by blanks', ' 600 ', 'unknown', undefined],
  ['a line break after it', '600\n', 'unknown', undefined],
  ['an exponent', '6e2', 'unknown', undefined],
  ['hexadecimal', '0x258', 'unknown', undefined],
  ['a word', 'false', 'unknown', undefined],
  ['too many digits', '1234567890', 'unknown', undefined],
];

const AGENT_STATES: readonly (readonly [healthState: string, status: string])[] = [
  ['HEALTHY', 'on'],
  ['HEALTH_STATE_UNSPECIFIED', 'on'],
  ['UNHEALTHY', 'cannot-fire'],
  ['AGENT_NOT_INSTALLED', 'cannot-fire'],
  ['AGENT_NOT_RUNNING', 'cannot-fire'],
  ['A_STATE_OF_THE_FUTURE', 'on'],
];

describe('auditIdleShutdown', () => {
  it('takes an absent key as on after 180 minutes', () => {
    assert.deepEqual(audit({}), { status: 'on', afterMinutes: 180, why: 'by default' });
    assert.deepEqual(audit({ framework: 'x' }), { status: 'on', afterMinutes: 180, why: 'by default' });
  });

  for (const [name, timeout, status, afterMinutes] of timeouts)
    it(`takes ${name} (${JSON.stringify(timeout)}) as ${status}`, () => {
      const found = audit({ 'idle-timeout-seconds': timeout });
      assert.deepEqual([found.status, found.afterMinutes], [status, afterMinutes]);
      assert.ok(found.why.includes('idle-timeout-seconds'), found.why);
      if (status === 'unknown') assert.ok(found.why.includes(JSON.stringify(timeout)), found.why);
    });

  for (const value of ['true', 'TRUE', 'True'])
    it(`is on with guest attributes ${value}`, () => {
      assert.equal(audit({ 'enable-guest-attributes': value }).status, 'on');
    });

  for (const value of ['false', 'FALSE', ''])
    it(`cannot fire with guest attributes ${JSON.stringify(value)}`, () => {
      const found = audit({ 'enable-guest-attributes': value, 'idle-timeout-seconds': '7200' });
      assert.deepEqual([found.status, found.afterMinutes], ['cannot-fire', 120]);
      assert.ok(found.why.includes(`enable-guest-attributes is ${JSON.stringify(value)}`), found.why);
    });

  for (const [healthState, status] of AGENT_STATES)
    it(`is ${status} when the agent of an active instance is ${healthState}`, () => {
      const found = audit({}, { healthState });
      assert.deepEqual([found.status, found.afterMinutes], [status, 180]);
      if (status === 'cannot-fire') assert.ok(found.why.includes(healthState), found.why);
    });

  for (const state of ['STOPPED', 'STOPPING', 'STARTING', 'SUSPENDED'])
    it(`does not hold the silent agent of a ${state} instance against it`, () => {
      assert.equal(audit({}, { state, healthState: 'AGENT_NOT_RUNNING' }).status, 'on');
    });

  it('names off before anything that would keep it from firing', () => {
    const metadata = { 'idle-timeout-seconds': '', 'enable-guest-attributes': 'false' };
    assert.equal(audit(metadata, { healthState: 'UNHEALTHY' }).status, 'off');
  });

  it('names an unreadable timeout before anything that would keep it from firing', () => {
    const metadata = { 'idle-timeout-seconds': 'soon', 'enable-guest-attributes': 'false' };
    assert.equal(audit(metadata, { healthState: 'UNHEALTHY' }).status, 'unknown');
  });

  it('names guest attributes before the agent, which depends on them', () => {
    const found = audit({ 'enable-guest-attributes': 'false' }, { healthState: 'UNHEALTHY' });
    assert.match(found.why, /^enable-guest-attributes/);
  });
});
