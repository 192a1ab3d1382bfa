import { readFileSync } from 'node:fs';
import { globalAgent } from 'node:https';
import tls from 'node:tls';
import type { Sandbox } from '../sandbox/sandbox.ts';

let trusted: string | undefined;

/** The redirection that function processes get by `--import`, for this process; the last one counts. */
export async function redirectTo(sandbox: Sandbox): Promise<void> {
  const authority = readFileSync(sandbox.caFile, 'utf8');
  // It alone: every outside host is refused, and Google's own roots would be read anew for each connection.
  if (authority !== trusted) tls.setDefaultCACertificates([authority]);
  trusted = authority;
  const port = String(sandbox.port);
  if (process.env['COSTGUARD_SANDBOX_PORT'] !== port) dropIdleConnections();
  process.env['COSTGUARD_SANDBOX_PORT'] = port;
  await import('../sandbox/http/connect-preload.ts');
}

/** They lead to another sandbox. */
function dropIdleConnections(): void {
  for (const sockets of Object.values(globalAgent.freeSockets))
    for (const socket of sockets ?? []) socket.destroy();
}
