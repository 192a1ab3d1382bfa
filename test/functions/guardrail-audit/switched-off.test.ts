import { describe, expect, it } from 'vitest';
import { judgeProject } from '../../../functions/guardrail-audit/decide.ts';
import type { AuditFacts } from '../../../functions/guardrail-audit/facts.ts';
import { attempt, type Look } from '../../../functions/guardrail-audit/gather/attempt.ts';
import { policiesOnce } from '../../../functions/guardrail-audit/gather/inherited.ts';
import { readMachines } from '../../../functions/guardrail-audit/gather/machines.ts';
import { readTpus } from '../../../functions/guardrail-audit/gather/tpus.ts';
import { readVertex } from '../../../functions/guardrail-audit/gather/vertex/vertex.ts';
import { readWorkloads } from '../../../functions/guardrail-audit/gather/workloads.ts';
import {
  both,
  isRead,
  joinReadings,
  whole,
  type Reading,
  type Unread,
} from '../../../functions/guardrail-audit/reading.ts';
import { renderAuditPage } from '../../../functions/guardrail-audit/report/page.ts';
import { buildReport, type AuditReport } from '../../../functions/guardrail-audit/report/report.ts';
import { isReport } from '../../support/guardrail-schemas.ts';
import { bindings, clean, config, endpoint, NOW, NUMBER, PROJECT } from '../../support/guardrail-facts.ts';
import { scriptedApi, type SentRequest } from '../../support/scripted-api.ts';

const HERE = `projects/${NUMBER}`;
const OPERATIONS = 'projects/100000000001';

/** What Google answers where an API is off in a project; without one it does not say where. */
function refusal(consumer: string | undefined, reason = 'SERVICE_DISABLED'): Error {
  const info = {
    ...{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com' },
    ...(consumer === undefined ? {} : { metadata: { service: 'run.googleapis.com', consumer } }),
  };
  const data = { error: { code: 403, status: 'PERMISSION_DENIED', message: 'refused', details: [info] } };
  return Object.assign(new Error('refused'), { status: 403, response: { status: 403, data } });
}

/** A look at a project some of whose calls are refused. */
function lookAt(refuse: (sent: SentRequest) => Error | undefined, projectId = PROJECT): Look {
  const { api } = scriptedApi((sent) => {
    const error = refuse(sent);
    if (error !== undefined) throw error;
    return {};
  });
  return { api, projectId, projectNumber: NUMBER, now: NOW, digestOf: String, failed: () => undefined };
}

/** A reading that is refused so. */
async function refused(consumer: string | undefined, reason?: string): Promise<Unread> {
  const look = lookAt(() => refusal(consumer, reason));
  const reading = await attempt(look, 'it', async () =>
    whole(await look.api.request('run.services.list', { url: 'https://run.googleapis.com/v1' })),
  );
  if (isRead(reading)) throw new Error('nothing was refused');
  return reading;
}

const offHere = await refused(HERE);
const offInOperations = await refused(OPERATIONS);
const offSomewhere = await refused(undefined);
const denied = await refused(HERE, 'IAM_PERMISSION_DENIED');

function reportOf(facts: Partial<AuditFacts>): AuditReport {
  return buildReport(PROJECT, judgeProject({ ...clean, ...facts }, config, NOW), NOW, undefined, {});
}

const ruleIn = ({ mistakes }: AuditReport, name: string) =>
  mistakes.flatMap(({ rules }) => rules).find(({ rule }) => rule === name);

describe('an API that is off in the audited project', () => {
  it.each<[title: string, consumer: string | undefined, reason: string, isOffHere: true | undefined]>([
    ['by its number', HERE, 'SERVICE_DISABLED', true],
    ['by its id', `projects/${PROJECT}`, 'SERVICE_DISABLED', true],
    ['and not in the operations project', OPERATIONS, 'SERVICE_DISABLED', undefined],
    ['and not in one that has its number in its own', `${HERE}0`, 'SERVICE_DISABLED', undefined],
    ['which an answer that names no project does not say', undefined, 'SERVICE_DISABLED', undefined],
    ['which a missing permission does not say', HERE, 'IAM_PERMISSION_DENIED', undefined],
  ])('is told by the refusal %s', async (_, consumer, reason, isOffHere) => {
    expect((await refused(consumer, reason)).isOffHere).toBe(isOffHere);
  });

  it('is told of no project whose number is not known', async () => {
    const { api, projectId, now, digestOf, failed } = lookAt(() => refusal('projects/'));
    const look: Look = { api, projectId, now, digestOf, failed };
    const reading = await attempt(look, 'it', async () =>
      whole(await look.api.request('a.list', { url: 'https://run.googleapis.com/v1' })),
    );
    expect(reading).not.toHaveProperty('isOffHere');
  });

  it('is told of no policy above it, which is read once for several projects', async () => {
    const reading = await policiesOnce()(
      lookAt(() => refusal(HERE)),
      'folders/20',
    );
    expect(reading).toEqual({ why: expect.stringMatching(/could not be read: .*HTTP 403/) as string });
  });

  it('stays the only reason where everything else was read', () => {
    expect(both(offHere, whole(1))).toEqual(offHere);
    expect(both(whole(1), offHere)).toEqual(offHere);
    expect(both(offHere, { value: 1, gaps: [{ why: 'x', isOffHere: true }] })).toEqual(offHere);
    expect(joinReadings([whole([1]), offHere])).toEqual({
      value: [1],
      gaps: [{ why: offHere.why, isOffHere: true }],
    });
    expect(joinReadings([offHere, offHere])).toEqual(offHere);
  });

  it.each<[string, Reading<unknown>]>([
    ['refused after it', both(offHere, denied)],
    ['refused before it', both(denied, offHere)],
    ['incomplete after it', both(offHere, { value: 1, gaps: ['a zone was unreachable'] })],
    ['incomplete before it', both({ value: 1, gaps: ['a zone was unreachable'] }, offHere)],
    ['refused in another place', joinReadings([offHere, denied])],
  ])('is not the only reason where something else is %s, which is told', (_, reading) => {
    expect(reading).not.toHaveProperty('isOffHere');
    expect(reading).toMatchObject({ why: expect.stringMatching(/unreachable|Cannot call/) as string });
  });
});

describe('the readers of a project', () => {
  const off = (host: string) => lookAt(({ target }) => (target.includes(host) ? refusal(HERE) : undefined));

  it('say of TPUs, Vertex AI and workloads that their API is off there', async () => {
    expect(await readTpus(off('tpu.'))).toMatchObject({ isOffHere: true });
    const { endpoints, models, jobs } = await readVertex(off('aiplatform.'));
    for (const one of [endpoints, models, jobs]) expect(one).toMatchObject({ isOffHere: true });
    expect(await readWorkloads(off('run.'))).toMatchObject({
      gaps: [{ isOffHere: true }, { isOffHere: true }],
    });
    expect(await readWorkloads(off('cloudfunctions.'))).toMatchObject({ gaps: [{ isOffHere: true }] });
  });

  it('say so of notebooks beside VMs', async () => {
    const vm = { id: '7', name: 'vm', status: 'RUNNING' };
    const { api } = scriptedApi(({ target }) => {
      if (target.includes('notebooks.')) throw refusal(HERE);
      return { items: { 'zones/us-central1-a': { instances: [vm] } } };
    });
    const { machines, notebookGaps } = await readMachines({ ...off('none'), api });
    expect(machines).toMatchObject({ gaps: [] });
    expect(notebookGaps).toMatchObject([{ isOffHere: true }]);
  });
});

describe('the grade', () => {
  it('is an A where all that was looked at is right and one API is off', () => {
    const report = reportOf({ tpus: offHere });
    expect(report.score).toMatchObject({ points: 100, grade: 'A', cappedFrom: undefined });
    expect(report.score.how).toMatch(/; 1 rule left out: its API is off here$/);
    expect(ruleIn(report, 'tpu-idle')).toMatchObject({ status: 'not-evaluable', isOffHere: true });
  });

  it('is one of a lean project that never switched on TPUs, notebooks, Vertex AI, functions and Cloud Run', () => {
    const { score } = reportOf({
      ...{ tpus: offHere, managedNotebooks: offHere, notebookGaps: [{ why: 'off', isOffHere: true }] },
      ...{ endpoints: offHere, models: offHere, jobs: offHere, workloads: offHere },
    });
    expect(score).toMatchObject({ points: 100, grade: 'A' });
    expect(score.evaluableWeight).toBeLessThan(score.allWeight);
    expect(score.how).toMatch(/; 11 rules left out: their API is off here$/);
    expect(score.how).not.toContain('at most');
  });

  it('comes from what was looked at, and is worse where that fails', () => {
    const { score } = reportOf({ tpus: offHere, policy: bindings(['roles/editor', 'user:ada@example.com']) });
    expect(score).toMatchObject({ evaluableWeight: 156, cappedFrom: undefined });
    expect(score.points).toBe(Math.round(1000 * (1 - score.failedWeight / 156)) / 10);
    expect(score.failedWeight).toBeGreaterThan(0);
  });

  it('is none where every API is off', () => {
    const report = reportOf(
      Object.fromEntries(Object.keys(clean).map((name) => [name, name === 'notebookGaps' ? [] : offHere])),
    );
    expect(report.score).toMatchObject({ points: undefined, grade: undefined, evaluableWeight: 0 });
    expect(report.mistakes.map(({ status }) => status)).toEqual(Array(8).fill('not-evaluable'));
  });

  it.each<[string, Partial<AuditFacts>, string]>([
    ['another one was refused', { tpus: offHere, buckets: denied }, 'at most B while 2 of'],
    ['it is off in the operations project', { tpus: offInOperations }, 'at most B while 1 of'],
    ['nothing says where it is off', { tpus: offSomewhere }, 'at most B while 1 of'],
    [
      'the same rule was refused something else',
      { workloads: joinReadings([whole([]), offHere, denied]) },
      'at most B while 2 of',
    ],
    [
      'the same rule does not know something else',
      { machines: { value: [], gaps: [{ why: 'off', isOffHere: true }, 'a zone was unreachable'] } },
      'at most B while',
    ],
  ])('is capped where one API is off and %s', (_, facts, how) => {
    const { score } = reportOf(facts);
    expect(score).toMatchObject({ points: 100, grade: 'B', cappedFrom: 'A' });
    expect(score.how).toContain(how);
  });

  it('is capped by the share of what else is unknown, without the rules that are left out', () => {
    // 11 of 100 is a B; with the rules that are left out it would be 73 of 162, a C.
    const facts = {
      endpoints: offHere,
      models: offHere,
      jobs: offHere,
      workloads: offHere,
      machines: offHere,
    };
    expect(reportOf({ ...facts, buckets: denied }).score).toMatchObject({ grade: 'B', cappedFrom: 'A' });
  });

  it('counts calls of endpoints as left out while Monitoring is off there', () => {
    const of = (more: object) =>
      ruleIn(
        reportOf({ endpoints: whole([{ ...endpoint, predictions: undefined, ...more }]) }),
        'endpoint-idle',
      );
    expect(of({ isUncounted: true })).toMatchObject({ status: 'not-evaluable', isOffHere: true });
    expect(of({})).toMatchObject({ status: 'not-evaluable', isOffHere: false });
  });
});

describe('the page', () => {
  it('says how many rules are left out, apart from those that cap the grade', () => {
    const report = reportOf({ tpus: offHere, workloads: offHere });
    const { text } = renderAuditPage(report);
    expect(text).toContain('3 rules left out: their API is off here');
    expect(text).not.toContain('Not everything could be evaluated');
    expect(isReport(JSON.parse(JSON.stringify(report))), JSON.stringify(isReport.errors)).toBe(true);
    const mixed = renderAuditPage(reportOf({ tpus: offHere, buckets: denied })).text;
    expect(mixed).toContain('1 rule left out: its API is off here');
    expect(mixed).toContain('2 rules are neither passed nor failed; the grade is capped while that is so.');
  });
});
