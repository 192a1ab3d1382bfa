import { describe, expect, it } from 'vitest';
import { createRuntimeApi } from '../../../shared/run/runtime-api.ts';
import { aboutProjects, findNewestReceipt } from '../../../shared/state/receipts.ts';
import { createState } from '../../../shared/state/state.ts';
import { startInstance, withSandbox } from '../../support/in-process.ts';
import { BUCKET, labPolicy, labScenario } from '../../support/lab.ts';

const NAME = 'idle-notebook-stopper';
const HOUR_MS = 3_600_000;

/** Names are of the runs' starts; the sandbox's clock stands at 2026-11-18T21:40Z. */
const name = (stamp: string, id = '00000001'): string =>
  `receipts/${NAME}/${stamp.slice(0, 4)}/${stamp.slice(4, 6)}/${stamp.slice(6, 8)}/${stamp}-${id}.json`;

describe('findNewestReceipt', () => {
  const withReceipts = (
    receipts: readonly (readonly [name: string, ...projects: string[]])[],
    test: (
      find: (projectId: string, maxAgeHours?: number, before?: string) => Promise<string | undefined>,
    ) => Promise<void>,
  ) =>
    withSandbox({ scenario: labScenario([]), frozen: true }, async (sandbox) => {
      const { runtime } = startInstance(sandbox, { name: NAME, policy: labPolicy() });
      const api = createRuntimeApi(runtime, 60_000);
      const state = createState({ api, bucket: BUCKET });
      for (const [object, ...projects] of receipts)
        await state.write(object, '{}', { metadata: aboutProjects(projects) });
      await test((projectId, maxAgeHours = 48, before) =>
        findNewestReceipt(api, BUCKET, {
          functionName: NAME,
          projectId,
          now: runtime.now(),
          maxAgeMs: maxAgeHours * HOUR_MS,
          beforeMs: before === undefined ? undefined : Date.parse(before),
        }),
      );
    });

  it('finds the newest about a project among those about others', () =>
    withReceipts(
      [
        [name('20261118T200000Z'), 'ml-lab'],
        [name('20261118T210000Z'), 'ml-lab', 'ml-vision'],
        [name('20261118T213000Z'), 'ml-vision'],
        [name('20261118T213100Z')],
      ],
      async (find) => {
        expect(await find('ml-lab')).toBe(name('20261118T210000Z'));
        expect(await find('ml-vision')).toBe(name('20261118T213000Z'));
        expect(await find('ml')).toBeUndefined();
        for (const [before, found] of [
          ['2026-11-18T21:30:01Z', '20261118T213000Z'],
          // Names have whole seconds: a run of this one may have started after it.
          ['2026-11-18T21:30:00.900Z', '20261118T210000Z'],
          ['2026-11-18T21:00:00Z', undefined],
        ] as const)
          expect(await find('ml-vision', 48, before)).toBe(found && name(found));
      },
    ));

  it('looks at the days before, and at none that is older than requested', () =>
    withReceipts(
      [
        [name('20261117T060000Z'), 'ml-lab'],
        [name('20261116T060000Z'), 'ml-old'],
      ],
      async (find) => {
        expect(await find('ml-lab')).toBe(name('20261117T060000Z'));
        expect(await find('ml-lab', 39)).toBeUndefined();
        expect(await find('ml-lab', 40)).toBe(name('20261117T060000Z'));
        expect(await find('ml-old')).toBeUndefined();
        expect(await find('ml-old', 72)).toBe(name('20261116T060000Z'));
      },
    ));

  it('finds one that went up in several blocks, by what its run says', () =>
    withSandbox({ scenario: labScenario([]), frozen: true }, async (sandbox) => {
      const { runtime } = startInstance(sandbox, { name: NAME, policy: labPolicy() });
      const api = createRuntimeApi(runtime, 60_000);
      const upload = createState({ api, bucket: BUCKET }).upload(
        name('20261118T213900Z'),
        aboutProjects(['ml-lab']),
      );
      await upload.write(Array.from({ length: 6 }, () => 'x'.repeat(1_000_000)));
      await upload.finish();
      const query = { functionName: NAME, projectId: 'ml-lab', now: runtime.now(), maxAgeMs: HOUR_MS };
      expect(await findNewestReceipt(api, BUCKET, query)).toBe(name('20261118T213900Z'));
    }));
});
