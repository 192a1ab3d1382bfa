import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:https';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { makeCertificates } from './certificate.ts';

const run = promisify(execFile);
const PRELOAD = fileURLToPath(new URL('connect-preload.ts', import.meta.url));

describe('connect-preload', () => {
  const folder = mkdtempSync(join(tmpdir(), 'costguard-preload-'));
  let server: ReturnType<typeof createServer>;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    const certificates = await makeCertificates();
    const caFile = join(folder, 'ca.pem');
    writeFileSync(caFile, certificates.ca);
    server = createServer({ cert: certificates.certificate, key: certificates.key }, (request, response) => {
      response.end(`sandbox for ${request.headers.host ?? ''}`);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    environment = { ...process.env, NODE_EXTRA_CA_CERTS: caFile, COSTGUARD_SANDBOX_PORT: String(port) };
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  /** What a script prints that runs with the preload. */
  const evaluate = async (script: string): Promise<string> => {
    const wrapped = `
      const net = require('node:net'), tls = require('node:tls'), https = require('node:https'), http = require('node:http');
      const failed = (error) => console.log([error.code, error.message, error.cause?.code, error.cause?.message].join(' '));
      process.on('uncaughtException', failed);
      (async () => { ${script} })().catch(failed);`;
    const { stdout } = await run(process.execPath, ['--import', PRELOAD, '-e', wrapped], {
      env: environment,
      timeout: 10_000,
    });
    return stdout.trim();
  };

  const TLS = `socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\\r\\nhost: raw\\r\\nconnection: close\\r\\n\\r\\n')).on('data', (data) => { console.log(String(data).split('\\r\\n\\r\\n')[1].match(/sandbox.*/)?.[0], socket.servername); socket.destroy(); }).on('error', failed);`;
  const redirected: readonly [string, string, RegExp][] = [
    ['fetch (undici)', `console.log(await (await fetch('https://storage.googleapis.com/x')).text())`, /^sandbox for storage\.googleapis\.com$/],
    ['https.get', `https.get('https://pubsub.googleapis.com/x', async (response) => { for await (const data of response) console.log(String(data)); })`, /^sandbox for pubsub\.googleapis\.com$/],
    ['https with keep-alive', `const agent = new https.Agent({ keepAlive: true }); https.get('https://pubsub.googleapis.com/x', { agent }, async (response) => { for await (const data of response) console.log(String(data)); agent.destroy(); })`, /^sandbox for pubsub/],
    ['TLS with options', `const socket = tls.connect({ host: 'compute.googleapis.com', port: 443, servername: 'compute.googleapis.com' }); ${TLS}`, /^sandbox for raw compute\.googleapis\.com$/],
    ['TLS with arguments', `const socket = tls.connect(443, 'compute.googleapis.com', { servername: 'compute.googleapis.com' }); ${TLS}`, /^sandbox for raw/],
    ['a plain socket with arguments', `const raw = new net.Socket().connect(443, 'iam.googleapis.com'); const socket = tls.connect({ socket: raw, servername: 'iam.googleapis.com' }); ${TLS}`, /^sandbox for raw/],
    ['net.connect', `const raw = net.connect(443, 'iam.googleapis.com'); const socket = tls.connect({ socket: raw, servername: 'iam.googleapis.com' }); ${TLS}`, /^sandbox for raw/],
  ]; // prettier-ignore
  for (const [name, script, expected] of redirected)
    it(`leads to the sandbox: ${name}`, async () => {
      assert.match(await evaluate(script), expected);
    });

  const refused: readonly [string, string][] = [
    ['fetch', `await fetch('https://example.com/')`],
    ['https.get', `https.get('https://example.com/').on('error', failed)`],
    ['http.get', `http.get('http://example.com/').on('error', failed)`],
    ['net.connect', `net.connect(443, 'example.com').on('error', failed)`],
    ['a socket with arguments', `new net.Socket().connect(443, 'example.com').on('error', failed)`],
    ['a socket with the port as text', `new net.Socket().connect('443', 'example.com').on('error', failed)`],
    ['TLS', `tls.connect({ host: 'example.com', port: 443 }).on('error', failed)`],
    ['an address', `net.connect({ host: '8.8.8.8', port: 443 }).on('error', failed)`],
    ['a name that only looks like Google’s', `net.connect({ host: 'evilgoogleapis.com', port: 443 }).on('error', failed)`],
    ['the real metadata server', `http.get('http://169.254.169.254/').on('error', failed)`],
  ]; // prettier-ignore
  for (const [name, script] of refused)
    it(`refuses: ${name}`, async () => {
      assert.match(await evaluate(script), /ECONNREFUSED.*The sandbox refuses a connection to (?:example\.com|8\.8\.8\.8|evilgoogleapis\.com|169\.254\.169\.254)/);
    }); // prettier-ignore

  it('leaves connections to this machine alone', async () => {
    const script = `const server = http.createServer((_, response) => response.end('local')).listen(0, '127.0.0.1', async () => {
      console.log(await (await fetch('http://127.0.0.1:' + server.address().port)).text()); server.close(); server.closeAllConnections(); });`;
    assert.equal(await evaluate(script), 'local');
  });

  it('does not start without a port to lead to', async () => {
    const without = { ...environment, COSTGUARD_SANDBOX_PORT: undefined };
    await assert.rejects(
      run(process.execPath, ['--import', PRELOAD, '-e', '0'], { env: without }),
      /COSTGUARD_SANDBOX_PORT is not set/,
    );
  });
});
