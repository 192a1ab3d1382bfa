import { describe, expect, it } from 'vitest';
import { lifecycleSweep } from '../../../functions/lifecycle-enforcer/function.ts';
import { ruleDigest } from '../../../functions/lifecycle-enforcer/rules/identity.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import type { Runtime } from '../../../shared/run/runtime.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { askGoogle } from '../../support/ask-google.ts';
import { eventOf, startInstance, withSandbox } from '../../support/in-process.ts';
import { BUCKET } from '../../support/lab.ts';
import { receiptsIn } from '../../support/observe.ts';
import {
  BASIC_FATES,
  disturb,
  disturbedRuntime,
  FATES,
  meetFate,
  type Disturbance,
} from '../../support/write-fates.ts';
import {
  ABORT,
  bucketScenario,
  deleteAfter,
  lifecyclePolicy,
  moveTo,
  NAME,
  rulesOf,
} from '../../support/bucket-lab.ts';

const FOREIGN = deleteAfter(1_000, { matchesPrefix: ['team/'] });
/** What a person adds in between. */
const ADDED = deleteAfter(900, { matchesPrefix: ['scratch/'] });
const OWN = moveTo('NEARLINE', 30);
const PATCH = /PATCH .*\/b\/data\b/;
const disturbance: Disturbance = { armed: undefined, freeze: undefined };

interface Lab {
  readonly sandbox: Sandbox;
  /** An instance whose requests are disturbed, and another one. */
  readonly first: Runtime;
  readonly second: Runtime;
}

async function withLab(
  test: (lab: Lab) => Promise<void>,
  whileFrozen: (lab: Lab) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  Object.assign(disturbance, { armed: undefined, freeze: undefined });
  const scenario = bucketScenario([{ name: 'data', lifecycle: { rule: [FOREIGN] } }]);
  await withSandbox({ scenario, frozen: true }, async (sandbox) => {
    const { runtime } = startInstance(sandbox, options(lifecyclePolicy()));
    const first = disturbedRuntime(
      runtime,
      disturb(disturbance, () => whileFrozen(lab)),
    );
    const lab = { sandbox, first, second: startInstance(sandbox, options(lifecyclePolicy())).runtime };
    await test(lab);
  });
}

function options(policy: string) {
  return { name: NAME, policy, pauses: 'none' } as const;
}

async function deliver(runtime: Runtime, messageId: string): Promise<'done' | 'again'> {
  try {
    await runTick(runtime, lifecycleSweep, eventOf(`projects/p/topics/costguard-${NAME}`, { messageId }));
    return 'done';
  } catch {
    return 'again';
  }
}

const URL_OF_BUCKET = 'https://storage.googleapis.com/storage/v1/b/data';

async function addByHand(sandbox: Sandbox): Promise<void> {
  const rule = [...rulesOf(sandbox, 'data'), ADDED];
  const { status } = await askGoogle(sandbox, 'owner@example.com', 'PATCH', URL_OF_BUCKET, {
    lifecycle: { rule },
  });
  expect(status).toBe(200);
}

/** What Google carried out of costguard's writes, by its call log. */
function carriedOut({ sandbox }: Lab): number {
  return sandbox.callLog
    .calls('storage.buckets.patch')
    .filter(({ status, principal }) => status === 200 && !principal.startsWith('owner@')).length;
}

/** How often runs say that they wrote. */
function said({ sandbox }: Lab): number {
  return receiptsIn(sandbox, BUCKET)
    .flatMap(({ decisions }) => decisions)
    .filter(({ action, outcome }) => action === 'patch' && outcome === 'done').length;
}

const digestsOf = (rules: Parameters<typeof ruleDigest>[0][]): readonly string[] =>
  rules.map(ruleDigest).sort();

/** With another policy, costguard's own rules make way and those of others stay: it still knows which are whose. */
async function expectOwnershipKnown(
  { sandbox }: Lab,
  others: Parameters<typeof digestsOf>[0],
): Promise<void> {
  const other = startInstance(sandbox, options(lifecyclePolicy({ rules: [moveTo('COLDLINE', 60)] })));
  expect(await deliver(other.runtime, '9')).toBe('done');
  expect(digestsOf([...rulesOf(sandbox, 'data')])).toEqual(digestsOf([...others, moveTo('COLDLINE', 60)]));
}

describe('the write of the lifecycle-enforcer', () => {
  for (const [title, fate] of Object.entries(FATES)) {
    it(`with ${title}: once, and it knows its rules, after a redelivery and a tick on another instance`, () =>
      withLab(async (lab) => {
        disturbance.armed = { write: PATCH, fate };
        await deliver(lab.first, '1');
        expect(disturbance.armed).toBeUndefined();
        expect(await deliver(lab.second, '1')).toBe('done');
        expect(await deliver(lab.second, '2')).toBe('done');
        expect(digestsOf([...rulesOf(lab.sandbox, 'data')])).toEqual(digestsOf([FOREIGN, OWN, ABORT]));
        expect([carriedOut(lab), said(lab)]).toEqual([1, 1]);
        await expectOwnershipKnown(lab, [FOREIGN]);
      }));

    it(`with ${title}: a rule that a person adds before the answer stays and is known as theirs`, () =>
      withLab(async (lab) => {
        disturbance.armed = { write: PATCH, fate, meanwhile: () => addByHand(lab.sandbox) };
        await deliver(lab.first, '1');
        expect(await deliver(lab.second, '1')).toBe('done');
        expect(digestsOf([...rulesOf(lab.sandbox, 'data')])).toEqual(digestsOf([FOREIGN, ADDED, OWN, ABORT]));
        expect([carriedOut(lab), said(lab)]).toEqual([1, 1]);
        await expectOwnershipKnown(lab, [FOREIGN, ADDED]);
      }));
  }

  it('keeps to be the author of what it wrote when a person removes a part of it before the answer', () =>
    withLab(async (lab) => {
      const removeAbort = async (): Promise<void> => {
        const rule = rulesOf(lab.sandbox, 'data').filter((one) => ruleDigest(one) !== ruleDigest(ABORT));
        await askGoogle(lab.sandbox, 'owner@example.com', 'PATCH', URL_OF_BUCKET, { lifecycle: { rule } });
      };
      disturbance.armed = { write: PATCH, fate: FATES['a reset after the effect'], meanwhile: removeAbort };
      await deliver(lab.first, '1');
      expect(await deliver(lab.second, '2')).toBe('done');
      await expectOwnershipKnown(lab, [FOREIGN]);
    }));
});

describe('an instance of the lifecycle-enforcer that is frozen for an hour after a look', () => {
  for (const [by, act] of Object.entries({
    'another run has written': ({ second }: Lab) => deliver(second, '2'),
    'a person has changed the rules': ({ sandbox }: Lab) => addByHand(sandbox),
  }))
    it(`changes nothing of what was written since when ${by}`, () =>
      withLab(
        async (lab) => {
          const freeze = { look: /GET .*\/storage\/v1\/b\?/, project: PATCH, frozen: false, sentAfter: [] };
          disturbance.freeze = freeze;
          await deliver(lab.first, '1');
          expect(freeze.frozen).toBe(true);
          expect(await deliver(lab.second, '1')).toBe('done');
          const others = by.startsWith('a person') ? [FOREIGN, ADDED] : [FOREIGN];
          expect(digestsOf([...rulesOf(lab.sandbox, 'data')])).toEqual(digestsOf([...others, OWN, ABORT]));
          expect([carriedOut(lab), said(lab)]).toEqual([1, 1]);
          await expectOwnershipKnown(lab, others);
        },
        async (lab) => {
          await lab.sandbox.clock.advance(3_600_000);
          await act(lab);
        },
      ));
});

describe('each write of the lifecycle-enforcer to the state', () => {
  /** What is written in this order, and which upload of its kind it is. */
  const OBJECTS = {
    'what it is about to write': [/POST .*\/upload\/storage\/.*name=memory/, 1],
    'what became of it': [/POST .*\/upload\/storage\/.*name=memory/, 2],
    'the receipt': [/POST .*name=receipts/, 1],
  } as const;
  for (const [object, [write, turn]] of Object.entries(OBJECTS))
    for (const title of BASIC_FATES)
      it(`${object} with ${title}: the bucket is written once, and it knows its rules, after a redelivery and a tick`, () =>
        withLab(async (lab) => {
          let met = 0;
          const disturbed = disturbedRuntime(lab.first, (request, answer) =>
            write.test(request) && ++met === turn ? meetFate(FATES[title], answer) : answer(),
          );
          await deliver(disturbed, '1');
          expect(met).toBeGreaterThanOrEqual(turn);
          expect(await deliver(lab.second, '1')).toBe('done');
          expect(await deliver(lab.second, '2')).toBe('done');
          expect(digestsOf([...rulesOf(lab.sandbox, 'data')])).toEqual(digestsOf([FOREIGN, OWN, ABORT]));
          expect(carriedOut(lab)).toBe(1);
          await expectOwnershipKnown(lab, [FOREIGN]);
        }));
});
