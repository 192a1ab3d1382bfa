import { describe, expect, it } from 'vitest';
import { MAX_CLAIMS } from '../../../../functions/guardrail-audit/tick/claim.ts';
import { PARTIAL_FROM_ATTEMPT, tellDigest } from '../../../../functions/guardrail-audit/tick/digest.ts';
import { messageOf } from '../../../../shared/errors.ts';
import type { Notice } from '../../../../shared/notify/notice.ts';
import { parsePolicy } from '../../../../shared/policy/policy.ts';
import type { EventContext } from '../../../../shared/run/handle-event.ts';
import { parseTick, type TickOrigin } from '../../../../shared/run/tick.ts';
import { addOnlyBucket } from '../../../support/add-only-bucket.ts';
import { refuse, scriptedApi, type SentRequest } from '../../../support/scripted-api.ts';

const WEEK = '2026-W47';
const TICK_MS = Date.parse('2026-11-18T05:00:00Z');
const TICK: TickOrigin = { id: '71', publishedMs: TICK_MS };
const PROJECTS = ['ml-aaaa', 'ml-bbbb'];
const POLICY = parsePolicy(
  [
    `scope: [${PROJECTS.map((id) => `projects/${id}`).join(', ')}]`,
    'state: gs://ml-ops-state',
    'audit: {}',
    'notify: {channels: [{kind: topic, topic: projects/ml-ops/topics/told}]}',
  ].join('\n'),
);
const SCORE = {
  resource: 'projects/any',
  action: 'keep',
  reason: 'score',
  evidence: {
    points: 90,
    grade: 'A',
    findings: 0,
    usdPerMonth: { low: 0, high: 0 },
    unpriced: 0,
    mistakes: {},
  },
  usdPerHour: 0,
};

/** A scope of two projects, each with a receipt of today; `refused` says with which status Google answers a request. */
function world() {
  const { objects, state } = addOnlyBucket();
  const faults: { refused: (requested: SentRequest) => number | undefined; refusesToTell: boolean } = {
    refused: () => undefined,
    refusesToTell: false,
  };
  const clock = { nowMs: TICK_MS + 600_000 };
  const told: Notice[] = [];
  const lines: string[] = [];
  const receiptOf = (project: string) =>
    `receipts/guardrail-audit/2026/11/18/20261118T050500Z-${project}.json`;
  for (const project of PROJECTS)
    objects.set(receiptOf(project), {
      text: JSON.stringify({ runId: project, startedAt: '2026-11-18T05:05:00Z', decisions: [SCORE] }),
      atMs: 0,
    });
  const { api } = scriptedApi((requested) => {
    const status = faults.refused(requested);
    if (status !== undefined) refuse(status);
    const project = /\/v3\/projects\/(.*)$/.exec(requested.target)?.[1];
    if (project !== undefined) return { name: 'projects/100', projectId: project, state: 'ACTIVE' };
    const names = [...objects.keys()].filter((name) => name.startsWith(requested.query['prefix'] ?? ''));
    const about = (name: string) => /-(ml-\w+)\.json$/.exec(name)?.[1];
    return { items: names.map((name) => ({ name, metadata: { projects: about(name) } })) };
  });
  let ids = 0;
  const context = {
    ...{ api, state, policy: POLICY },
    log: (severity: string, text: string) => void lines.push(`${severity} ${text}`),
    runtime: {
      functionName: 'guardrail-audit',
      now: () => new Date(clock.nowMs),
      newId: () => `run-${++ids}`,
      clients: {
        publish(_topic: string, text: string) {
          if (faults.refusesToTell) refuse(403);
          told.push(JSON.parse(text) as Notice);
          return Promise.resolve();
        },
      },
    },
  } as unknown as EventContext;
  const end = (project: string, tick: TickOrigin = TICK): Promise<void> =>
    tellDigest(context, project, tick, () => Promise.resolve(PROJECTS));
  return { end, clock, faults, lines, objects, told };
}

const [FIRST = '', LAST = ''] = PROJECTS;

describe('a digest of which something cannot be read for the moment', () => {
  it.each([
    ['the receipts', 429, ({ target }: SentRequest) => target.endsWith('/o')],
    ['the receipts', 503, ({ target }: SentRequest) => target.endsWith('/o')],
    ['a project', 503, ({ target }: SentRequest) => target.endsWith(`/v3/projects/${FIRST}`)],
  ])('(%s, HTTP %i) is not told: the event comes again and tells it whole', async (_what, status, isIt) => {
    const { end, faults, told } = world();
    await end(FIRST);
    faults.refused = (requested) => (isIt(requested) ? status : undefined);
    await expect(end(LAST)).rejects.toThrow(
      new RegExp(`Cannot finish the run on "the digest of ${WEEK}": .*HTTP ${status}`),
    );
    expect(told).toEqual([]);
    faults.refused = () => undefined;
    await end(LAST);
    expect(told.map(({ title }) => title)).toEqual([
      `Guardrail audit of ${WEEK}: 0 of 2 projects with findings`,
    ]);
  });

  it(`is told with what there is by attempt ${PARTIAL_FROM_ATTEMPT}, and the log says so`, async () => {
    const { end, faults, lines, told } = world();
    await end(FIRST);
    faults.refused = ({ target }) => (target.endsWith('/o') ? 503 : undefined);
    for (let attempt = 1; attempt < PARTIAL_FROM_ATTEMPT; attempt++)
      await expect(end(LAST)).rejects.toThrow('HTTP 503');
    expect(told).toEqual([]);
    await end(LAST);
    expect(told.map(({ title }) => title)).toEqual([
      `Guardrail audit of ${WEEK}: 0 of 2 projects with findings, money at stake unknown, 2 not audited`,
    ]);
    expect(lines).toContain(
      `WARNING Tells the digest of ${WEEK} without all that it needs: attempt ${PARTIAL_FROM_ATTEMPT}`,
    );
  });

  it('is told at once where Google refuses it: no later delivery would read more', async () => {
    const { end, faults, told } = world();
    await end(FIRST);
    faults.refused = ({ target }) => (target.endsWith(`/v3/projects/${FIRST}`) ? 403 : undefined);
    await end(LAST);
    expect(told).toHaveLength(1);
  });
});

describe('what a digest tells as new and fixed', () => {
  const finding = (fingerprint: string) => ({
    resource: `projects/${FIRST}`,
    action: 'report',
    reason: 'basic-role',
    evidence: { fingerprint, severity: 'high', place: `roles/${fingerprint}`, detail: fingerprint },
    usdPerHour: 0,
  });
  const auditOf = (startedAt: string, found: readonly string[], trend: object | null) => ({
    runId: startedAt,
    startedAt,
    decisions: [
      { ...SCORE, evidence: { ...SCORE.evidence, findings: found.length, trend } },
      ...found.map(finding),
    ],
    incomplete: [{ where: 'impersonation', why: 'denied' }],
  });
  const comparedWith = (at: string, added: number) => ({ at, added, fixed: 0, change: null, changes: [] });
  const WEEK_BEFORE = '2026-11-11T05:05:00.000Z';

  it.each([
    ['of the tick’s own audit', undefined, '1 new and 2 fixed'],
    ['of an audit that a user requested after it', '2026-11-18T05:08:00Z', '2 new and 2 fixed'],
  ])('is since the audit before the tick, by the receipt %s', async (_, later, expected) => {
    const { end, objects, told } = world();
    const put = (startedAt: string, audit: object): void => {
      const day = startedAt.slice(0, 10).replaceAll('-', '/');
      const name = startedAt.replaceAll(/[-:]|\.000/g, '');
      objects.set(`receipts/guardrail-audit/${day}/${name}-${FIRST}.json`, {
        text: JSON.stringify(audit),
        atMs: 0,
      });
    };
    put(WEEK_BEFORE, auditOf(WEEK_BEFORE, ['a', 'b', 'c'], null));
    const ticked = '2026-11-18T05:05:00Z';
    put(ticked, auditOf(ticked, ['c', 'd'], { ...comparedWith(WEEK_BEFORE, 1), fixed: 2 }));
    if (later !== undefined)
      put(later, auditOf(later, ['c', 'd', 'e'], comparedWith('2026-11-18T05:05:00.000Z', 1)));
    for (const project of PROJECTS) await end(project);
    expect(told[0]?.items.map(({ text }) => text).join('\n')).toContain(
      `${expected} since the audit before.`,
    );
  });

  it('is not told where the audit before the tick is damaged', async () => {
    const { end, objects, told } = world();
    objects.set(`receipts/guardrail-audit/2026/11/11/20261111T050500Z-${FIRST}.json`, { text: '{', atMs: 0 });
    objects.set(`receipts/guardrail-audit/2026/11/18/20261118T050800Z-${FIRST}.json`, {
      text: JSON.stringify(
        auditOf('2026-11-18T05:08:00Z', ['a'], comparedWith('2026-11-18T05:05:00.000Z', 1)),
      ),
      atMs: 0,
    });
    for (const project of PROJECTS) await end(project);
    expect(told).toHaveLength(1);
    expect(JSON.stringify(told)).not.toContain('since the audit before');
  });
});

describe('a digest that was told', () => {
  it('is not told again by a second tick of its week, and the log says why nothing comes', async () => {
    const { end, lines, told } = world();
    const said = `INFO Tells no digest: the digest of ${WEEK} was told already`;
    for (const project of PROJECTS) await end(project);
    expect(lines).not.toContain(said);
    await end(FIRST, { id: '72', publishedMs: TICK_MS + 86_400_000 });
    expect(told).toHaveLength(1);
    expect(lines.filter((line) => line === said)).toHaveLength(1);
  });
});

describe('a digest whose claims are used up', () => {
  it('is told weeks later by the message that the log names, once the claims are deleted', async () => {
    const { end, clock, faults, objects, told } = world();
    await end(FIRST);
    faults.refusesToTell = true;
    for (let run = 1; run <= MAX_CLAIMS; run++) await expect(end(LAST)).rejects.toThrow('no channel');
    const why = await end(LAST).then(String, messageOf);
    const [, claims = '', text = ''] =
      /delete gs:\/\/b\/(\S+) and publish (\S+) to the topic/.exec(why) ?? [];
    faults.refusesToTell = false;
    clock.nowMs += 14 * 86_400_000;
    for (const name of [...objects.keys()].filter((one) => one.startsWith(claims))) objects.delete(name);
    const message = parseTick(text);
    if (message.kind !== 'project') expect.fail(`${text} names no project`);
    await end(message.projectId, message.origin ?? { id: '99', publishedMs: clock.nowMs });
    expect(told.map(({ id }) => id)).toEqual([`guardrail-audit/${WEEK}`]);
  });
});
