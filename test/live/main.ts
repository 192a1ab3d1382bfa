import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { GoogleAuth, OAuth2Client, type AuthClient } from 'google-auth-library';
import type { Send } from './read-only.ts';
import { verifyLive } from './verify-live.ts';

/** Application-default credentials, or the sign-in of gcloud. Requests honour HTTPS_PROXY. */
async function connect(): Promise<Send> {
  const client = await credentials();
  return async (method, url) => {
    if (method !== 'GET') throw new Error(`Cannot send "${method} ${url}": only GET is sent`);
    const { status, data } = await client.request<unknown>({
      method,
      url,
      validateStatus: () => true,
      retry: false,
    });
    return { status, body: data };
  };
}

async function credentials(): Promise<AuthClient> {
  try {
    const client = await new GoogleAuth({
      scopes: ['https://www.googleapis.com/auth/cloud-platform.read-only'],
    }).getClient();
    await client.getAccessToken();
    return client;
  } catch {
    const { stdout } = await promisify(execFile)('gcloud', ['auth', 'print-access-token']);
    const client = new OAuth2Client();
    client.setCredentials({ access_token: stdout.trim() });
    return client;
  }
}

process.exitCode = await verifyLive(process.argv.slice(2), {
  connect,
  now: Date.now,
  sleep: (milliseconds) => sleep(milliseconds),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
