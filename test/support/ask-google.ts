import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Sandbox } from '../sandbox/sandbox.ts';

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One REST call to a sandbox over TLS as `account`; the answer's JSON, errors included. */
export async function askGoogle(
  sandbox: Sandbox,
  account: string,
  method: string,
  url: string,
  body?: unknown,
): Promise<Answer> {
  const { host, pathname, search } = new URL(url);
  return await new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port: sandbox.port,
        servername: host,
        ca: readFileSync(sandbox.caFile),
        method,
        path: pathname + search,
        headers: { host, authorization: `Bearer ${sandbox.issueToken(account)}` },
        agent: false,
      },
      (response) => {
        text(response).then((answer) => {
          // A deletion is answered without a body.
          const body = answer === '' ? {} : (JSON.parse(answer) as Answer['body']);
          resolve({ status: response.statusCode ?? 0, body });
        }, reject);
      },
    );
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The code of an error answer and its reason, where it says one. */
export function errorOf({ status, body }: Answer): string {
  const error = body['error'] as
    { readonly status: string; readonly details?: readonly { readonly reason?: string }[] } | undefined;
  return [status, error?.status, error?.details?.[0]?.reason].filter((part) => part !== undefined).join(' ');
}
