import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../shared/state/manifest.ts';
import {
  ACCOUNT,
  alert,
  budgetScenario,
  manifestsIn,
  RUNAWAY,
  SMALL_PROJECT,
  stateOf,
  SWITCH,
  switchPolicy,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';
import { BUCKET } from '../../support/lab.ts';
import { lastReceipt, messagesOf } from '../../support/observe.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Requests that one listing makes before it counts as failed. */
const ATTEMPTS = 6;
const LINKED = ACCOUNT.replace('billingAccounts/', '');
const scenario = budgetScenario({ projects: [SMALL_PROJECT], regions: ['us-central1'] });
const policy = switchPolicy({ settle: '24h' });

const accountOf = ({ sandbox }: SwitchWorld): unknown => stateOf(sandbox)['billing'];
const settlingOf = ({ sandbox }: SwitchWorld): Manifest['settling'] =>
  manifestsIn(sandbox)[RUNAWAY]?.settling;
const said = ({ lines }: SwitchWorld, part: string): readonly string[] =>
  messagesOf(lines, 'WARNING').filter((text) => text.includes(part));

/** The listing of VMs fails, `count` times or until the faults are cleared. */
function failListing({ sandbox }: SwitchWorld, status: number, count?: number): void {
  sandbox.faults.add({
    route: 'compute.instances.aggregatedList',
    fault: { kind: 'status', status },
    ...(count === undefined ? {} : { count }),
  });
}

/** Stop-compute has taken effect, and nothing runs any more. */
async function stopped(world: SwitchWorld): Promise<void> {
  await world.alert(alert(1.01));
  await world.sandbox.clock.advance(3 * HOUR_MS);
}

describe('late cost above the rung that unlinks, while a listing fails', () => {
  it('waits for the next look where a retry may help, names what was not seen, and goes on as before', () =>
    withSwitch({ scenario, policy }, async (world) => {
      await stopped(world);
      failListing(world, 503);
      await expect(world.alert(alert(1.21))).rejects.toThrow(/503/);
      expect(accountOf(world)).toBe(LINKED);
      expect(said(world, 'unlink-billing waits on ml-runaway until 2026-11-19T01:4')[0]).toMatch(
        /\(at the latest\): not all of the project could be looked at since 2026-11-19T00:4.*: projects\/ml-runaway .*HTTP 503.*; of what was seen nothing that burns is running\. The next message or tick looks again/,
      );
      expect(lastReceipt(world.sandbox, BUCKET, SWITCH).kept['unseen']).toBe(1);
      expect(settlingOf(world)?.unseenSinceMs).toBeDefined();

      world.sandbox.faults.clear();
      await world.sandbox.clock.advance(10 * MINUTE_MS);
      await world.alert(alert(1.22));
      expect(accountOf(world)).toBe(LINKED);
      expect(said(world, 'cost of before arrives for up to a day').length).toBe(1);
      expect(settlingOf(world)?.unseenSinceMs).toBeUndefined();
    }));

  it('unlinks where no look for an hour shows it, and says since when', () =>
    withSwitch({ scenario, policy }, async (world) => {
      await stopped(world);
      failListing(world, 503);
      for (const share of [1.21, 1.22]) {
        await expect(world.alert(alert(share))).rejects.toThrow(/503/);
        await world.sandbox.clock.advance(25 * MINUTE_MS);
      }
      expect(accountOf(world)).toBe(LINKED);
      await world.sandbox.clock.advance(10 * MINUTE_MS);
      // What cannot be seen has one more delivery before it goes with billing.
      await expect(world.alert(alert(1.23))).rejects.toThrow(/503/);
      expect(accountOf(world)).toBe(LINKED);
      await expect(world.alert(alert(1.23))).rejects.toThrow(/503/);
      expect(accountOf(world)).toBeUndefined();
      const { decisions } = lastReceipt(world.sandbox, BUCKET, SWITCH);
      expect(decisions.find(({ action }) => action === 'unlink-billing')?.evidence['why']).toMatch(
        /^not all of the project could be looked at since 2026-11-19T00:4.*, for 1 h or more, so that something may burn there: .*HTTP 503/,
      );
    }));

  it.each(['unreachableForCompute', 'unreachableLocations'] as const)(
    'waits as long where listings are answered without a place that is out of reach (%s), and goes on once it is back',
    (places) =>
      withSwitch({ scenario, policy }, async (world) => {
        const { sandbox } = world;
        await stopped(world);
        const { seed } = sandbox.projects.get(RUNAWAY);
        const isOut = (out: boolean): void =>
          void Object.assign(seed, { [places]: out ? ['us-central1-b'] : [] });
        isOut(true);
        await world.alert(alert(1.21));
        expect(accountOf(world)).toBe(LINKED);
        expect(said(world, 'unlink-billing waits on ml-runaway until 2026-11-19T01:4')[0]).toMatch(
          /\(at the latest\): not all of the project could be looked at since 2026-11-19T00:4.*us-central1-b: unreachable: /,
        );
        expect(lastReceipt(sandbox, BUCKET, SWITCH).kept['unseen']).toBe(1);

        isOut(false);
        await sandbox.clock.advance(10 * MINUTE_MS);
        await world.alert(alert(1.22));
        expect(accountOf(world)).toBe(LINKED);
        expect(settlingOf(world)?.unseenSinceMs).toBeUndefined();

        isOut(true);
        await world.alert(alert(1.22));
        await sandbox.clock.advance(61 * MINUTE_MS);
        // What cannot be seen has one more delivery before it goes with billing.
        await expect(world.alert(alert(1.23))).rejects.toThrow(/Cannot unlink "ml-runaway" yet/);
        await world.alert(alert(1.23));
        expect(accountOf(world)).toBeUndefined();
        isOut(false);
      }),
  );

  it('unlinks where the listing is refused, which no retry helps', () =>
    withSwitch({ scenario, policy }, async (world) => {
      await stopped(world);
      failListing(world, 403);
      await expect(world.alert(alert(1.21))).rejects.toThrow(/Cannot unlink "ml-runaway" yet/);
      await world.alert(alert(1.21));
      expect(accountOf(world)).toBeUndefined();
      const { decisions } = lastReceipt(world.sandbox, BUCKET, SWITCH);
      expect(decisions.find(({ action }) => action === 'unlink-billing')?.evidence['why']).toMatch(
        /^not all of the project could be looked at, for another reason than an outage that may pass, so that something may burn there/,
      );
    }));

  it('waits where stop-compute alone missed something that is seen after it', () =>
    withSwitch({ scenario, policy }, async (world) => {
      await stopped(world);
      failListing(world, 503, ATTEMPTS);
      await expect(world.alert(alert(1.21))).rejects.toThrow(/503/);
      const stop = manifestsIn(world.sandbox)[RUNAWAY]?.rungs.find((rung) => rung.do === 'stop-compute');
      expect([stop?.status, stop?.complete]).toEqual(['claimed', false]);
      expect(said(world, 'what stop-compute missed was seen after it').length).toBe(1);
      await world.alert(alert(1.22));
      expect(accountOf(world)).toBe(LINKED);
      expect(said(world, 'cost of before arrives for up to a day').length).toBe(1);
    }));

  it('begins its hour anew once the share has fallen below the rung', () =>
    withSwitch({ scenario, policy }, async (world) => {
      await stopped(world);
      failListing(world, 503);
      await expect(world.alert(alert(1.21))).rejects.toThrow(/503/);
      await expect(world.alert(alert(1.1))).rejects.toThrow(/503/);
      expect(settlingOf(world)?.unseenSinceMs).toBeUndefined();
      await world.sandbox.clock.advance(5 * HOUR_MS);
      await expect(world.alert(alert(1.22))).rejects.toThrow(/503/);
      expect(accountOf(world)).toBe(LINKED);
    }));
});
