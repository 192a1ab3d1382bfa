import { describe, expect, it } from 'vitest';
import { errorOf } from '../../../support/ask-google.ts';
import { useSandbox } from '../../../support/use-sandbox.ts';

const SERVICES = 'https://serviceusage.googleapis.com/v1/projects/lab/services';
const BATCH = 'batch.googleapis.com';
const TPU = 'tpu.googleapis.com';

/** Fields and their meaning: google/api/serviceusage/v1/serviceusage.proto. */
describe('Service Usage v1', () => {
  const { sandbox, ask } = useSandbox({
    projects: [{ id: 'lab', number: '77', disabledServices: [BATCH, TPU] }],
  });
  const stateOf = async (name: string): Promise<unknown> =>
    (await ask('GET', `${SERVICES}/${name}`)).body['state'];
  const namesOf = (body: Readonly<Record<string, unknown>>): readonly string[] =>
    ((body['services'] ?? []) as { config: { name: string } }[]).map(({ config }) => config.name);

  it('shows a service under the project’s number', async () => {
    expect((await ask('GET', `${SERVICES}/${BATCH}`)).body).toMatchObject({
      name: `projects/77/services/${BATCH}`,
      parent: 'projects/77',
      config: { name: BATCH },
      state: 'DISABLED',
    });
  });

  it('lists what is enabled, and what is not, page by page', async () => {
    const disabled = await ask('GET', `${SERVICES}?filter=state:DISABLED`);
    expect(namesOf(disabled.body)).toEqual([BATCH, TPU]);
    const seen: string[] = [];
    let token: string | undefined = '';
    while (token !== undefined) {
      const page = `pageSize=10&pageToken=${encodeURIComponent(token)}`;
      const { body } = await ask('GET', `${SERVICES}?filter=state:ENABLED&${page}`);
      expect(namesOf(body).length).toBeLessThanOrEqual(10);
      seen.push(...namesOf(body));
      token = body['nextPageToken'] as string | undefined;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toContain('compute.googleapis.com');
    expect(seen).not.toContain(BATCH);
  });

  it('enables a service by an operation whose response is the service, and again without a refusal', async () => {
    for (let time = 0; time < 2; time++) {
      const { body } = await ask('POST', `${SERVICES}/${BATCH}:enable`, {});
      expect(body).toMatchObject({
        done: true,
        response: {
          '@type': 'type.googleapis.com/google.api.serviceusage.v1.EnableServiceResponse',
          service: { name: `projects/77/services/${BATCH}`, state: 'ENABLED' },
        },
      });
    }
    expect(await stateOf(BATCH)).toBe('ENABLED');
  });

  // "It is not valid to call the disable method on a service that is not currently enabled. Callers will receive a
  // FAILED_PRECONDITION status": DisableService.
  it('disables a service once', async () => {
    const url = `${SERVICES}/notebooks.googleapis.com:disable`;
    expect((await ask('POST', url, {})).status).toBe(200);
    expect(await stateOf('notebooks.googleapis.com')).toBe('DISABLED');
    expect(errorOf(await ask('POST', url, {}))).toBe('400 FAILED_PRECONDITION');
  });

  it('enables several at once, up to twenty, and none where one of them is unknown', async () => {
    const enable = (serviceIds: readonly string[]) => ask('POST', `${SERVICES}:batchEnable`, { serviceIds });
    expect(errorOf(await enable([TPU, 'none.googleapis.com']))).toBe(
      '403 PERMISSION_DENIED SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED',
    );
    expect(await stateOf(TPU)).toBe('DISABLED');
    expect(errorOf(await enable(Array.from({ length: 21 }, () => TPU)))).toBe('400 INVALID_ARGUMENT');
    expect((await enable([TPU])).status).toBe(200);
    expect(await stateOf(TPU)).toBe('ENABLED');
  });

  // "A single request can get a maximum of 30 services at a time": BatchGetServicesRequest.
  it('reads up to thirty at once', async () => {
    const get = (count: number) =>
      ask(
        'GET',
        `${SERVICES}:batchGet?${Array.from({ length: count }, () => `names=projects/77/services/${TPU}`).join('&')}`,
      );
    expect(namesOf((await get(30)).body)).toHaveLength(30);
    expect(errorOf(await get(31))).toBe('400 INVALID_ARGUMENT');
  });

  it.each([
    ['a service that there is not', 'GET', '/none.googleapis.com', undefined, '403 PERMISSION_DENIED SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED'],
    ['a filter by anything but the state', 'GET', '?filter=name:tpu', undefined, '400 INVALID_ARGUMENT'],
    ['a way of checking usage that there is not', 'POST', `/${TPU}:disable`, { checkIfServiceHasUsage: 'MAYBE' }, '400 INVALID_ARGUMENT'],
    ['a body of enable', 'POST', `/${TPU}:enable`, { force: true }, '400 INVALID_ARGUMENT'],
  ])('refuses %s', async (_title, method, path, body, expected) => {
    expect(errorOf(await ask(method, `${SERVICES}${path}`, body))).toBe(expected);
  }); // prettier-ignore

  it('lets who may list services list them and enable none', async () => {
    const viewer = 'viewer@example.com';
    const permissions = ['serviceusage.services.list', 'serviceusage.services.get'];
    sandbox().iam.bind({ member: viewer, role: 'viewer', permissions, on: 'projects/lab' });
    expect((await ask('GET', SERVICES, undefined, viewer)).status).toBe(200);
    expect((await ask('POST', `${SERVICES}/${BATCH}:enable`, {}, viewer)).status).toBe(403);
  });
});
