/** What becomes of an audit and of the digest where a write of them fails, gets an answer that says nothing, or is held up. */
import { describe, expect, it } from 'vitest';
import { auditTick } from '../../../functions/guardrail-audit/function.ts';
import { LEASE_MS } from '../../../functions/guardrail-audit/tick/claim.ts';
import { createClients } from '../../../shared/google/clients/clients.ts';
import type { Runtime } from '../../../shared/run/runtime.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { auditScenario, POLICY, storeObject, TRIALS } from '../../support/guardrail-lab.ts';
import { holdable, HOLDS } from '../../support/held-instance.ts';
import { eventOf, startInstance, withSandbox } from '../../support/in-process.ts';
import { subscribeToReceipts } from '../../support/installed.ts';
import { BUCKET, OPERATIONS, RECEIPTS_TOPIC, START } from '../../support/lab.ts';
import { BASIC_FATES, disturbedRuntime, FATES, meetFate } from '../../support/write-fates.ts';

/** A scope of one project: its audit is the last of the week. */
const TOLD = `${POLICY.replace(/^scope: .*$/m, `scope: [projects/${TRIALS}]`)}receipts: ${RECEIPTS_TOPIC}\nnotify:\n  channels: [{kind: topic, topic: ${RECEIPTS_TOPIC}}]\n`;
const DIGEST = 'guardrail-audit/2026-W47';
const TICK = `guardrail-audit/ticks/15/${TRIALS}`;
const PUBLISH = /^POST .*pubsub.*:publish/;

const upload = (name: string): RegExp => new RegExp(`^POST .*/upload/storage/.*name=${name}`);

/** What one tick writes, the audit first and then the digest: the request, and which one of its kind it is. */
const WRITES = {
  'the claim of the audit': [upload('guardrail-audit%2Fticks%2F.*claim-1(?:&|$)'), 1],
  'the key of its digests': [upload('guardrail-audit%2Fdigest-key(?:&|$)'), 1],
  'the receipt': [upload('receipts'), 1],
  'the publication of the receipt': [PUBLISH, 1],
  'the note that it is audited': [upload('guardrail-audit%2Fticks%2F.*done'), 1],
  'the mark of the project': [upload('guardrail-audit%2Fdigests%2F2026-W47%2F'), 1],
  'the claim of the digest': [upload('guardrail-audit%2Fdigests%2F2026-W47.claims%2Fclaim-1(?:&|$)'), 1],
  'the digest': [PUBLISH, 1],
  'the note that it is told': [upload('guardrail-audit%2Fdigests%2F2026-W47.told'), 1],
} as const;
type Write = keyof typeof WRITES;

const isOfDigest = (write: Write): boolean => Object.keys(WRITES).indexOf(write) >= 5;

/** Matches the write alone. */
function once(write: Write): { test(request: string): boolean } {
  const [request, turn] = WRITES[write];
  let seen = 0;
  return { test: (sent) => request.test(sent) && ++seen === turn };
}

interface Lab {
  readonly sandbox: Sandbox;
  readonly first: Runtime;
  readonly second: Runtime;
  /** What was published so far, each message as often as it arrived. */
  readonly published: () => readonly {
    readonly id?: string;
    readonly runId?: string;
    readonly stored?: string;
  }[];
}

/** With what a tick has written before `write`: where that is the digest, the audit is done. */
async function withLab(write: Write, test: (lab: Lab) => Promise<void>): Promise<void> {
  await withSandbox({ scenario: auditScenario(), frozen: true }, async (sandbox) => {
    const options = { name: 'guardrail-audit', policy: TOLD, pauses: 'none' } as const;
    const [first, second] = [
      startInstance(sandbox, options).runtime,
      startInstance(sandbox, options).runtime,
    ];
    const arrived: { id?: string; runId?: string; stored?: string }[] = [];
    const read = subscribeToReceipts(sandbox);
    const published: Lab['published'] = () => {
      arrived.push(...read().map((text) => JSON.parse(text) as { id?: string }));
      return arrived;
    };
    if (isOfDigest(write)) await storeObject({ sandbox }, `${TICK}/done`, '{}', TRIALS);
    await test({ sandbox, first, second, published });
  });
}

async function deliver(runtime: Runtime): Promise<'done' | 'again'> {
  const message = { text: JSON.stringify({ project: TRIALS }), messageId: '15', publishTime: START };
  try {
    await auditTick(runtime, eventOf(`projects/${OPERATIONS}/topics/costguard-guardrail-audit`, message));
    return 'done';
  } catch {
    return 'again';
  }
}

/** As Pub/Sub does: until it is acknowledged, the lease of a run that died in between; and once more. */
async function deliverToTheEnd({ sandbox, second }: Lab): Promise<void> {
  for (let delivery = 1; (await deliver(second)) === 'again'; delivery++) {
    if (delivery === 3) throw new Error('Delivered three times, and not acknowledged');
    await sandbox.clock.advance(LEASE_MS);
  }
  expect(await deliver(second)).toBe('done');
}

/** What the state, the receipts and the readers of the topic have in the end. `told`: how often the digest may have arrived. */
function expectBooksToAgree({ sandbox, published }: Lab, told: readonly number[]): void {
  const digests = published().flatMap(({ id }) => id ?? []);
  expect([...new Set(digests)]).toEqual([DIGEST]);
  expect(told).toContain(digests.length);
  const { storage, callLog } = sandbox;
  expect(storage.objectNames(BUCKET, 'guardrail-audit/digests/2026-W47.told')).toHaveLength(1);
  expect(storage.objectNames(BUCKET, `${TICK}/done`)).toHaveLength(1);
  const receipts = storage.objectNames(BUCKET, 'receipts/guardrail-audit/');
  // Those that could compare secrets did so by the one key that is kept.
  expect(storage.objectNames(BUCKET, 'guardrail-audit/digest-key').length).toBeLessThanOrEqual(1);
  const keys = receipts.flatMap(
    (name) => /"digestKey":"(\w+)"/.exec(storage.objectText(BUCKET, name) ?? '')?.[1] ?? [],
  );
  expect(new Set(keys).size).toBeLessThanOrEqual(1);
  const stored = callLog
    .calls('storage.objects.insert')
    .filter(({ status }) => status === 200)
    .map(({ query }) => new URLSearchParams(query).get('name') ?? '')
    .filter((name) => name.startsWith('receipts/'));
  expect([...new Set(stored)].sort()).toEqual([...receipts].sort());
  const toldOf = published().flatMap((one) => one.stored?.replace(`gs://${BUCKET}/`, '') ?? []);
  expect(toldOf.filter((name) => !receipts.includes(name))).toEqual([]);
}

describe('each write of the guardrail-audit', () => {
  for (const write of Object.keys(WRITES) as Write[]) {
    for (const title of BASIC_FATES)
      it(`${write}, with ${title}: the digest is told, and the books say so, after redeliveries`, () =>
        withLab(write, async (lab) => {
          const isIt = once(write);
          let met = 0;
          const runtime = disturbedRuntime(lab.first, (request, answer) => {
            if (!isIt.test(request)) return answer();
            met += 1;
            return meetFate(FATES[title], answer);
          });
          await deliver({ ...runtime, clients: createClients(runtime.auth) });
          expect(met).toBe(1);
          await deliverToTheEnd(lab);
          // Where no answer says that it was told, or no note, it is told again by the id that it had.
          const isUnknown =
            (write === 'the digest' && FATES[title].carriedOut) ||
            (write === 'the note that it is told' && !FATES[title].carriedOut);
          expectBooksToAgree(lab, isUnknown ? [1, 2] : [1]);
        }));

    for (const hold of HOLDS)
      it(`${write}, held ${hold} for longer than the lease while another instance has it all: nothing is told under another id`, () =>
        withLab(write, async (lab) => {
          const instance = holdable(lab.first);
          const { runtime } = instance;
          const held = { ...runtime, clients: createClients(runtime.auth) };
          const goOn = await instance.runTo(once(write), hold, () => deliver(held));
          // It may still be at work.
          await deliver(lab.second);
          await lab.sandbox.clock.advance(LEASE_MS);
          await deliverToTheEnd(lab);
          await goOn();
          await deliverToTheEnd(lab);
          expectBooksToAgree(lab, [1, 2]);
        }));
  }
});
