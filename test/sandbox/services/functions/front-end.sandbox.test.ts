import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { createIam } from '../../iam/iam.ts';
import { createFrontEnd, type FrontEnd, type Served } from './front-end.ts';

const SERVICE = 'projects/ml-ops/locations/us-central1/services/report';
const HOST = 'report-abc-uc.a.run.app';
const SHARED_HOST = 'us-central1-ml-ops.cloudfunctions.net';

describe('createFrontEnd', () => {
  let server: Server;
  let frontEnd: FrontEnd;
  let served: Served;
  const iam = createIam((resource) => /^(projects\/[^/]+)\/.+/.exec(resource)?.[1]);

  beforeAll(async () => {
    server = createServer((request, response) => {
      const { authorization = 'none' } = request.headers;
      response.writeHead(201, { 'x-seen': `${request.method ?? ''} ${request.url ?? ''}` });
      response.end(`authorization: ${authorization}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    served = {
      name: SERVICE,
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      internalOnly: false,
    };
    iam.bind({
      member: 'caller@x',
      role: 'roles/run.servicesInvoker',
      permissions: ['run.routes.invoke'],
      on: SERVICE,
    });
    frontEnd = createFrontEnd({
      serviceOf: (host, target) =>
        host === HOST || (host === SHARED_HOST && target.startsWith('/report')) ? served : undefined,
      iam,
      accountOf: (token) => ({ good: 'caller@x', other: 'other@x' })[token],
    });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const call = (
    token: string | undefined,
    more: { host?: string; target?: string; internal?: boolean } = {},
  ) =>
    frontEnd({
      host: HOST,
      method: 'POST',
      target: '/path?a=b',
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      body: Buffer.from('{}'),
      internal: false,
      ...more,
    });

  it('hands on what an account may send that holds the permission, without its token', async () => {
    const answer = await call('good');
    assert.deepEqual(
      [answer.status, answer.headers['x-seen'], answer.payload.toString(), answer.principal],
      [201, 'POST /path?a=b', 'authorization: none', 'caller@x'],
    );
  });

  it('takes the name out of the path of the address that all functions share', async () => {
    for (const [target, seen] of [
      ['/report?a=b', '/?a=b'],
      ['/report', '/'],
      ['/report/more', '/more'],
    ] as const) {
      const { headers } = await call('good', { host: SHARED_HOST, target });
      assert.equal(headers['x-seen'], `POST ${seen}`);
    }
  });

  it('answers itself 401, 403 and 404', async () => {
    assert.equal((await call('forged')).status, 401);
    assert.equal((await call('other')).status, 403);
    assert.equal((await call(undefined)).status, 403);
    assert.equal((await call('good', { host: 'nothing-abc-uc.a.run.app' })).status, 404);
  });

  it('lets only Google in where the ingress is internal', async () => {
    served = { ...served, internalOnly: true };
    assert.equal((await call('good')).status, 404);
    assert.equal((await call('good', { internal: true })).status, 201);
    served = { ...served, internalOnly: false };
  });

  it('lets every caller in where allUsers may invoke', async () => {
    iam.bind({
      member: 'allUsers',
      role: 'roles/run.invoker',
      permissions: ['run.routes.invoke'],
      on: SERVICE,
    });
    assert.equal((await call(undefined)).status, 201);
  });
});
