import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The metadata server of one function's machine: where Application Default Credentials get their token. Google's auth
 * library finds it through `GCE_METADATA_HOST`.
 */
export async function startMetadataServer(options: {
  readonly account: string;
  readonly projectId: string;
  readonly projectNumber: string;
  readonly issueToken: (account: string) => string;
  readonly issueIdentity: (account: string, audience: string) => string;
}): Promise<{ readonly host: string; close(): void }> {
  const answers: Readonly<Record<string, (query: URLSearchParams) => string>> = {
    '': () => 'computeMetadata/\n',
    instance: () => 'service-accounts/\n',
    'project/project-id': () => options.projectId,
    'project/numeric-project-id': () => options.projectNumber,
    'universe/universe-domain': () => 'googleapis.com',
    'instance/service-accounts/default/email': () => options.account,
    'instance/service-accounts/default/token': () =>
      JSON.stringify({
        access_token: options.issueToken(options.account),
        expires_in: 3599,
        token_type: 'Bearer',
      }),
    'instance/service-accounts/default/identity': (query) =>
      options.issueIdentity(options.account, query.get('audience') ?? ''),
  };
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://metadata');
    const path = url.pathname.replace(/^\/(?:computeMetadata\/v1\/?)?/, '').replace(/\/$/, '');
    const answer = answers[path];
    const allowed = request.headers['metadata-flavor'] === 'Google';
    const status = !allowed ? 403 : answer === undefined ? 404 : 200;
    response.writeHead(status, {
      'metadata-flavor': 'Google',
      'content-type': path.endsWith('token') ? 'application/json' : 'text/plain',
    });
    response.end(
      status === 200 ? answer?.(url.searchParams) : 'Missing Metadata-Flavor:Google header or unknown path',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
