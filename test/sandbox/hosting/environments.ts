import { fileURLToPath } from 'node:url';
import { startMetadataServer } from '../iam/metadata-server.ts';
import type { Tokens } from '../iam/tokens.ts';

/** Node arguments under which an unchanged bundle talks to the sandbox. */
export const PRELOAD: readonly string[] = [
  '--import',
  fileURLToPath(new URL('../http/connect-preload.ts', import.meta.url)),
];

export interface Environments {
  /** Under which an unchanged bundle runs as `account` in a project of this sandbox. */
  of(account: string, projectId: string): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

/** Environments of function processes, each account with a metadata server of its own. */
export function createEnvironments(options: {
  readonly tokens: Tokens;
  readonly projectOf: (projectId: string) => { readonly id: string; readonly number: string };
  readonly caFile: string;
  readonly clockFile: string;
  readonly port: () => number;
}): Environments {
  const { tokens } = options;
  const servers = new Map<string, ReturnType<typeof startMetadataServer>>();
  return {
    async of(account, projectId) {
      const key = `${account} ${projectId}`;
      const project = options.projectOf(projectId);
      const server =
        servers.get(key) ??
        startMetadataServer({
          account,
          projectId: project.id,
          projectNumber: project.number,
          issueToken: (caller) => tokens.issueAccess(caller),
          issueIdentity: (caller, audience) => tokens.issueIdentity(caller, audience),
        });
      servers.set(key, server);
      return {
        GCE_METADATA_HOST: (await server).host,
        NODE_EXTRA_CA_CERTS: options.caFile,
        COSTGUARD_SANDBOX_PORT: String(options.port()),
        COSTGUARD_SANDBOX_CLOCK: options.clockFile,
      };
    },
    async close() {
      for (const server of servers.values()) (await server).close();
    },
  };
}
