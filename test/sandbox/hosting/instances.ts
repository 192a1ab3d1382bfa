import type { FunctionProcess } from './function-process.ts';

export interface InstancesOptions {
  readonly start: () => Promise<FunctionProcess>;
  readonly max: number;
  /** Requests at a time in one instance. */
  readonly concurrency: number;
}

/** A place in an instance for one request. */
export interface Lease {
  readonly instance: FunctionProcess;
  /** From 1, in the order of starting. */
  readonly number: number;
  release(): void;
}

/** The instances of one service: started as requests need them, at most `max`; the dead are forgotten. */
export interface Instances {
  /** Waits for a place in the least busy instance. Rejects when an instance cannot be started, or on `signal`. */
  acquire(signal: AbortSignal): Promise<Lease>;
  readonly live: readonly FunctionProcess[];
  close(): Promise<void>;
}

interface Slot {
  readonly number: number;
  readonly process: FunctionProcess;
  busy: number;
}

interface Waiter {
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: unknown) => void;
}

export function createInstances(options: InstancesOptions): Instances {
  const slots = new Set<Slot>();
  const starts = new Set<Promise<void>>();
  let queue: Waiter[] = [];
  let started = 0;
  let closed = false;

  const start = async (): Promise<void> => {
    const number = ++started;
    const process = await options.start();
    if (closed) {
      process.kill('SIGKILL');
      await process.exited;
      return;
    }
    const slot = { number, process, busy: 0 };
    slots.add(slot);
    void process.exited.then(() => {
      slots.delete(slot);
      serveQueue();
    });
  };

  const leaseOf = (slot: Slot): Lease => {
    slot.busy += 1;
    let released = false;
    return {
      instance: slot.process,
      number: slot.number,
      release() {
        if (released) return;
        released = true;
        slot.busy -= 1;
        serveQueue();
      },
    };
  };

  /** Gives free places to those who wait, and starts as many instances as the rest needs. */
  const serveQueue = (): void => {
    for (;;) {
      const free = [...slots]
        .filter((slot) => slot.busy < options.concurrency)
        .sort((a, b) => a.busy - b.busy)[0];
      const waiter = free === undefined ? undefined : queue.shift();
      if (free === undefined || waiter === undefined) break;
      waiter.resolve(leaseOf(free));
    }
    while (
      !closed &&
      queue.length > starts.size * options.concurrency &&
      slots.size + starts.size < options.max
    ) {
      const starting: Promise<void> = start()
        .catch((error: unknown) => queue.shift()?.reject(error))
        .finally(() => {
          starts.delete(starting);
          serveQueue();
        });
      starts.add(starting);
    }
  };

  return {
    acquire(signal) {
      return new Promise((resolve, reject) => {
        const waiter = { resolve, reject };
        signal.addEventListener('abort', () => {
          queue = queue.filter((other) => other !== waiter);
          reject(new Error('The caller went away before an instance was free'));
        });
        queue.push(waiter);
        serveQueue();
      });
    },
    get live() {
      return [...slots].map((slot) => slot.process);
    },
    async close() {
      closed = true;
      for (const waiter of queue) waiter.reject(new Error('The service is closed'));
      queue = [];
      await Promise.all(starts);
      for (const slot of slots) slot.process.kill('SIGKILL');
      await Promise.all([...slots].map((slot) => slot.process.exited));
    },
  };
}
