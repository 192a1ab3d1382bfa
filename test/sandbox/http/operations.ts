import { randomUUID } from 'node:crypto';
import { ApiError } from './api-error.ts';
import type { Clock } from '../clock/clock.ts';

/** A long-running operation, as google.longrunning.Operation. */
export interface Operation {
  /** `projects/P/locations/L/operations/O` */
  readonly name: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly done: boolean;
  readonly response?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string };
}

export interface Operations {
  /** Starts `work` at once; the operation ends when it settles. An error of `work` becomes the operation's. */
  start(
    parent: string,
    metadata: Readonly<Record<string, unknown>>,
    work: () => Promise<Readonly<Record<string, unknown>>>,
  ): Operation;
  /**
   * The operation as it is; waits a while for its end, so that those who poll need not. Throws NOT_FOUND.
   */
  get(name: string): Promise<Operation>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

/** Code of google.rpc.Code.INTERNAL. */
const INTERNAL = 13;
/** Real time; shorter than any client's own timeout. */
const MAX_WAIT_MS = 20_000;

export function createOperations(clock: Clock): Operations {
  const operations = new Map<string, Operation>();
  const running = new Map<string, Promise<void>>();
  const timeOf = (): string => new Date(clock.now()).toISOString();

  return {
    start(parent, given, work) {
      const name = `${parent}/operations/operation-${randomUUID()}`;
      const metadata = { ...given, createTime: timeOf() };
      const started: Operation = { name, metadata, done: false };
      operations.set(name, started);
      const end = (outcome: Pick<Operation, 'response' | 'error'>): void => {
        running.delete(name);
        operations.set(name, { name, metadata: { ...metadata, endTime: timeOf() }, done: true, ...outcome });
      };
      running.set(
        name,
        work().then(
          (response) => {
            end({ response });
          },
          (error: unknown) => {
            end({
              error: { code: INTERNAL, message: error instanceof Error ? error.message : String(error) },
            });
          },
        ),
      );
      return started;
    },
    async get(name) {
      const found = operations.get(name);
      if (found === undefined) throw new ApiError('NOT_FOUND', `Operation ${name} was not found.`);
      const work = running.get(name);
      if (work !== undefined) {
        const waiting = new AbortController();
        await Promise.race([work, delay(MAX_WAIT_MS, waiting.signal)]);
        waiting.abort();
      }
      return operations.get(name) ?? found;
    },
    async idle() {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}

function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
