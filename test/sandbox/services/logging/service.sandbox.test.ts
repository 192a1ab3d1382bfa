import { describe, expect, it } from 'vitest';
import { errorOf } from '../../../support/ask-google.ts';
import { useSandbox } from '../../../support/use-sandbox.ts';

const LIST = 'https://logging.googleapis.com/v2/entries:list';
const SPEC = { workerPoolSpecs: [{ machineSpec: { machineType: 'n1-standard-4' } }] };

type Json = Readonly<Record<string, unknown>>;

/** Fields and their meaning: google/logging/v2/logging.proto, ListLogEntriesRequest, and google/cloud/audit/audit_log.proto. */
describe('Cloud Logging v2', () => {
  const job = (id: string, created: string, startedBy: string | undefined) => ({
    id,
    displayName: id,
    created,
    jobSpec: SPEC,
    ...(startedBy === undefined ? {} : { startedBy }),
  });
  const { ask } = useSandbox({
    clock: '2026-11-18T12:00:00Z',
    projects: [
      {
        id: 'lab',
        number: '77',
        vertex: {
          customJobs: [
            job('3', '-1h', 'ada@example.com'),
            job('1', '-2h', 'eve@example.com'),
            job('2', '-1h', 'eve@example.com'),
            job('4', '-1h', undefined),
          ],
        },
      },
      { id: 'empty', number: '78' },
      { id: 'off', number: '79', disabledServices: ['logging.googleapis.com'] },
    ],
  });
  const list = (body: object, account?: string) =>
    ask('POST', LIST, { resourceNames: ['projects/lab'], ...body }, account);
  const idsOf = (body: Json): unknown => ((body['entries'] ?? []) as Json[]).map((one) => one['insertId']);

  it('tells who made a job by an entry of the audit log', async () => {
    const { body } = await list({
      filter: 'protoPayload.authenticationInfo.principalEmail="ada@example.com"',
    });
    expect(body['entries']).toMatchObject([
      {
        logName: 'projects/lab/logs/cloudaudit.googleapis.com%2Factivity',
        timestamp: '2026-11-18T11:00:00.300Z',
        severity: 'NOTICE',
        protoPayload: {
          '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
          serviceName: 'aiplatform.googleapis.com',
          methodName: 'google.cloud.aiplatform.v1.JobService.CreateCustomJob',
          authenticationInfo: { principalEmail: 'ada@example.com' },
        },
      },
    ]);
  });

  // "Entries with equal timestamps are returned in order of their insert_id values"; oldest first by default.
  it('orders entries by time, and by insert id within one', async () => {
    expect(idsOf((await list({})).body)).toEqual(['1', '2', '3']);
    expect(idsOf((await list({ orderBy: 'timestamp desc' })).body)).toEqual(['3', '2', '1']);
  });

  it('gives its pages by tokens, and takes zero for no size', async () => {
    const first = await list({ pageSize: 2 });
    const last = await list({ pageSize: 2, pageToken: first.body['nextPageToken'] });
    expect([idsOf(first.body), idsOf(last.body), last.body['nextPageToken']]).toEqual([
      ['1', '2'],
      ['3'],
      undefined,
    ]);
    expect(idsOf((await list({ pageSize: 0 })).body)).toHaveLength(3);
  });

  it('leaves out the list where nothing was logged', async () => {
    expect((await list({ resourceNames: ['projects/empty'] })).body).toEqual({});
  });

  it.each([
    ['no resource', { resourceNames: [] }],
    ['an order by something else', { orderBy: 'severity' }],
    // "If the value is negative, the request is rejected": page_size.
    ['a negative page size', { pageSize: -1 }],
    ['a filter by a field that no entry has', { filter: 'thud=1' }],
    ['a field that the request does not have', { limit: 5 }],
  ])('refuses %s', async (_title, body) => {
    expect(errorOf(await list(body))).toBe('400 INVALID_ARGUMENT');
  });

  it('needs the permission in every project that is named', async () => {
    expect(errorOf(await list({}, 'outsider@example.com'))).toMatch(/^403 PERMISSION_DENIED/);
    expect(errorOf(await list({ resourceNames: ['projects/lab', 'projects/none'] }))).toMatch(/^403/);
    expect(errorOf(await list({ resourceNames: ['projects/off'] }))).toBe(
      '403 PERMISSION_DENIED SERVICE_DISABLED',
    );
  });
});
