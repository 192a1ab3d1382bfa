import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A preload that refuses every connection but to this machine, as a firewall behind which only the proxy goes out. */
export function firewallPreload(folder: string): string {
  const file = join(folder, 'firewall.mjs');
  writeFileSync(
    file,
    `import { Socket } from 'node:net';
const original = Socket.prototype.connect;
Socket.prototype.connect = function (...args) {
  const [first] = args;
  const { host, path } = (Array.isArray(first) ? first[0] : first) ?? {};
  if (typeof path === 'string' || host === undefined || /^(localhost|127\\.|::1)/.test(host)) return original.apply(this, args);
  process.nextTick(() => this.destroy(Object.assign(new Error('no way out to ' + host), { code: 'ECONNREFUSED' })));
  return this;
};
`,
  );
  return file;
}
