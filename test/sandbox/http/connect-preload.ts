/**
 * Loaded with `node --import` before an unchanged production bundle. It sends every connection to a Google host to the
 * sandbox, refuses any other outside host, and lets the process live in sandbox time.
 * Set by `Sandbox.environment`: COSTGUARD_SANDBOX_PORT, COSTGUARD_SANDBOX_CLOCK.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';

/** Of the sandbox of now: in a test's own process one follows another. */
function portOf(): number {
  const port = Number(process.env['COSTGUARD_SANDBOX_PORT']);
  if (!Number.isInteger(port)) throw new Error('Cannot redirect: COSTGUARD_SANDBOX_PORT is not set');
  return port;
}
portOf();
const GOOGLE = /(?:^|\.)(?:googleapis|google)\.com$/i;
const LOCAL = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/;

interface Target {
  readonly host?: string;
  readonly port?: number | string;
  readonly path?: string | null;
}

/** Where a call of `connect` leads; undefined for a local pipe. */
function targetOf(args: readonly unknown[]): Target | undefined {
  const [first, second] = args;
  if (typeof first === 'number' || (typeof first === 'string' && /^\d+$/.test(first)))
    return { port: first, ...(typeof second === 'string' ? { host: second } : {}) };
  // Client requests give `connect` one options object, `net.connect` gives it its normalised arguments.
  const options = Array.isArray(first) ? (first as unknown[])[0] : first;
  if (typeof options !== 'object' || options === null) return undefined;
  const target = options as Target;
  return typeof target.path === 'string' ? undefined : target;
}

// The caller's options stay as they are: TLS checks the certificate against the host in them.
function withTarget(args: readonly unknown[], target: Target): unknown[] {
  const [first, ...rest] = args;
  const callback = rest.filter((argument) => typeof argument === 'function');
  if (!Array.isArray(first)) return [target, ...callback];
  const normalised: unknown[] = first;
  normalised[0] = target;
  return [normalised, ...rest];
}

type Connect = (this: Socket, ...args: unknown[]) => Socket;
const original = Reflect.get(Socket.prototype, 'connect') as Connect;
const redirected: Connect = function (...args) {
  const target = targetOf(args);
  const host = target?.host ?? 'localhost';
  if (target === undefined || LOCAL.test(host)) return original.apply(this, args);
  if (GOOGLE.test(host))
    return original.apply(this, withTarget(args, { ...target, host: '127.0.0.1', port: portOf() }));
  const error = Object.assign(new Error(`The sandbox refuses a connection to ${host}`), {
    code: 'ECONNREFUSED',
  });
  process.nextTick(() => this.destroy(error));
  return this;
};
Reflect.set(Socket.prototype, 'connect', redirected);

const clockFile = process.env['COSTGUARD_SANDBOX_CLOCK'];
if (clockFile !== undefined) followClock(clockFile);

/** Replaces `Date` by one that tells sandbox time; timers keep running in real time. */
function followClock(file: string): void {
  const RealDate = Date;
  const descriptor = openSync(file, 'r');
  process.on('exit', () => {
    closeSync(descriptor);
  });
  const buffer = Buffer.alloc(64);
  let readAt = -Infinity;
  let frozen: number | undefined;
  let offset = 0;
  const now = (): number => {
    // A clock that moves is seen within 2 ms; asking the file at every call would cost more than the call.
    if (performance.now() - readAt > 2) {
      readAt = performance.now();
      const [kind, value] = buffer
        .toString('utf8', 0, readSync(descriptor, buffer, 0, 64, 0))
        .trim()
        .split(' ');
      frozen = kind === 'frozen' ? Number(value) : undefined;
      offset = kind === 'flowing' ? Number(value) : 0;
    }
    return frozen ?? RealDate.now() + offset;
  };
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    apply: () => new RealDate(now()).toString(),
    get: (target, key, receiver) => (key === 'now' ? now : (Reflect.get(target, key, receiver) as unknown)),
  });
}
