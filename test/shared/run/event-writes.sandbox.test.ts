/** What becomes of the writes of an event of which no receipt tells: a message that is kept, and a tick that becomes one a project. */
import { describe, expect, it } from 'vitest';
import { auditTick } from '../../../functions/guardrail-audit/function.ts';
import { notebookSweep } from '../../../functions/idle-notebook-stopper/function.ts';
import { EmptyAnswer } from '../../../shared/google/google-api-error.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import type { Runtime } from '../../../shared/run/runtime.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { eventOf, startInstance, withSandbox } from '../../support/in-process.ts';
import { BUCKET, LAB, labPolicy, labScenario } from '../../support/lab.ts';
import { disturbedRuntime, FATES, meetFate } from '../../support/write-fates.ts';

const OTHER = 'ml-other';
const SCOPE = [`projects/${LAB}`, `projects/${OTHER}`];

/** Functions that ticks wake: a sweep, and the audit, which has a tick of its own. */
const FUNCTIONS = {
  'idle-notebook-stopper': (runtime: Runtime, event: unknown) => runTick(runtime, notebookSweep, event),
  'guardrail-audit': auditTick,
} as const;
type Name = keyof typeof FUNCTIONS;

async function deliver(name: Name, runtime: Runtime, text: string): Promise<'done' | 'again'> {
  const event = eventOf(`projects/p/topics/costguard-${name}`, { text, messageId: '7' });
  try {
    await FUNCTIONS[name](runtime, event);
    return 'done';
  } catch {
    return 'again';
  }
}

async function withInstances(
  name: Name,
  test: (lab: { sandbox: Sandbox; first: Runtime; second: Runtime }) => Promise<void>,
): Promise<void> {
  const policy = `${labPolicy({ scope: SCOPE })}audit:\n`;
  await withSandbox({ scenario: labScenario([]), frozen: true }, async (sandbox) => {
    const [first, second] = [0, 1].map(() => startInstance(sandbox, { name, policy, pauses: 'none' }).runtime);
    if (first !== undefined && second !== undefined) await test({ sandbox, first, second });
  });
} // prettier-ignore

const NAMES = Object.keys(FUNCTIONS) as Name[];

describe.each(NAMES)('%s', (name) => {
  for (const [title, fate] of Object.entries(FATES))
    it(`a message that can never be handled, whose keeping meets ${title}: it is kept once, and the event ends`, () =>
      withInstances(name, async ({ sandbox, first, second }) => {
        let met = 0;
        const disturbed = disturbedRuntime(first, (request, answer) =>
          /^POST .*name=poison/.test(request) && (++met === 1 || title === 'an outage')
            ? meetFate(fate, answer)
            : answer(),
        );
        const ended = await deliver(name, disturbed, '{"project": 7}');
        const kept = (): readonly string[] => sandbox.storage.objectNames(BUCKET, 'poison/');
        expect(met).toBeGreaterThan(0);
        // What is acknowledged does not come again.
        if (ended === 'done') expect(kept()).toHaveLength(1);
        expect(await deliver(name, second, '{"project": 7}')).toBe('done');
        expect(kept()).toEqual([`poison/${name}/7.json`]);
        expect(sandbox.storage.objectText(BUCKET, kept()[0] ?? '')).toContain('{\\"project\\": 7}');
      }));

  for (const [title, fate] of Object.entries(FATES))
    it(`the message of one project, with ${title}: each project has its own after a redelivery, the same one each time`, () =>
      withInstances(name, async ({ first, second }) => {
        const carried: string[] = [];
        let met = 0;
        const telling = (runtime: Runtime): Runtime => ({
          ...runtime,
          clients: {
            async publish(_, data) {
              const publish = (): Promise<unknown> => Promise.resolve(carried.push(data));
              const meets = runtime === first && data.includes(OTHER) && (++met === 1 || title === 'an outage');
              const answered = meets ? await meetFate(fate, publish) : await publish();
              // The client throws where no answer names a message.
              if (typeof answered === 'string') throw new EmptyAnswer('no message is named');
            },
          },
        });
        const ended = await deliver(name, telling(first), '{}');
        expect(met).toBeGreaterThan(0);
        if (ended === 'done') expect(new Set(carried).size).toBe(2);
        expect(await deliver(name, telling(second), '{}')).toBe('done');
        expect([...new Set(carried)].map((text) => (JSON.parse(text) as { project: string }).project).sort()).toEqual([LAB, OTHER]);
      })); // prettier-ignore
});
