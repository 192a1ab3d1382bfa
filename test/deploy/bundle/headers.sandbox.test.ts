import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { bundle } from '../../../deploy/bundle/bundle.ts';

const root = join(import.meta.dirname, '../../..');

it('a bundle sends its first requests, with their headers and body, without Node’s undici', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'costguard-headers-'));
  const server = createServer((request, answer) => {
    const isToken = request.url?.includes('/token') === true;
    void text(request).then((body) => {
      answer.writeHead(200, {
        'metadata-flavor': 'Google',
        'content-type': 'application/json',
        'x-answer': 'here',
      });
      const { authorization, 'x-goog-user-project': payer, 'content-type': type } = request.headers;
      answer.end(
        JSON.stringify(
          isToken
            ? { access_token: 'secret', token_type: 'Bearer', expires_in: 3600 }
            : { authorization, payer, type, body },
        ),
      );
    });
  }).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code } = await bundle(join(root, 'test/deploy/fixtures/first-request.ts'), root);
    await writeFile(join(folder, 'index.cjs'), code);
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'index.cjs')], {
      env: {
        HOME: folder,
        K_SERVICE: 'probe',
        GCE_METADATA_HOST: `127.0.0.1:${port}`,
        ECHO_URL: `http://127.0.0.1:${port}/echo`,
      },
    });
    expect(JSON.parse(stdout)).toEqual({
      data: { authorization: 'Bearer secret', payer: 'p', type: 'application/json', body: '{"a":"ä"}' },
      answered: 'here',
      undici: false,
    });
  } finally {
    server.close();
    await rm(folder, { recursive: true });
  }
});
