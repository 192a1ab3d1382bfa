/**
 * The sandbox's clock. It flows with real time unless `frozen`, and tests move it with `advance`. Everything in the
 * sandbox that takes time (a notebook stopping, a push being redelivered) waits on it through `after`.
 */
export interface Clock {
  /** Sandbox time in milliseconds since the epoch. */
  now(): number;
  /** Runs `task` once `milliseconds` of sandbox time have passed; the returned function cancels it. */
  after(milliseconds: number, task: () => void | Promise<void>): () => void;
  /**
   * Moves sandbox time forward, running what falls due on the way, in order, each awaited. May be called by a task that
   * runs because of it; one that begins during another counts from where that has come to.
   */
  advance(milliseconds: number): Promise<void>;
  /** Called after every jump with the present state, so that other processes can follow. */
  onJump(listener: (state: ClockState) => void): void;
  readonly state: ClockState;
  /** Cancels all pending tasks. */
  close(): void;
}

/** What another process needs to tell sandbox time: real time plus an offset, or a standstill. */
export type ClockState =
  | { readonly kind: 'flowing'; readonly offsetMs: number }
  | { readonly kind: 'frozen'; readonly nowMs: number };

interface Task {
  readonly at: number;
  readonly order: number;
  readonly run: () => void | Promise<void>;
  timer?: NodeJS.Timeout;
}

/** The task that is due first; of two at the same moment, the one that was planned first. */
function first(tasks: ReadonlySet<Task>): Task | undefined {
  let found: Task | undefined;
  for (const task of tasks)
    if (found === undefined || task.at < found.at || (task.at === found.at && task.order < found.order))
      found = task;
  return found;
}

/** The longest delay that setTimeout takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export function createClock(options: { readonly startMs?: number; readonly frozen?: boolean } = {}): Clock {
  const startMs = options.startMs ?? Date.now();
  let state: ClockState = options.frozen
    ? { kind: 'frozen', nowMs: startMs }
    : { kind: 'flowing', offsetMs: startMs - Date.now() };
  const tasks = new Set<Task>();
  const listeners: ((state: ClockState) => void)[] = [];
  let order = 0;

  const now = (): number => (state.kind === 'frozen' ? state.nowMs : Date.now() + state.offsetMs);

  const jumpTo = (target: number): void => {
    state =
      state.kind === 'frozen'
        ? { kind: 'frozen', nowMs: target }
        : { kind: 'flowing', offsetMs: target - Date.now() };
    for (const listener of listeners) listener(state);
  };

  const schedule = (task: Task): void => {
    if (state.kind === 'frozen') return;
    const delay = Math.min(Math.max(task.at - now(), 0), MAX_TIMER_MS);
    task.timer = setTimeout(() => {
      if (!tasks.has(task)) return;
      if (now() < task.at) {
        schedule(task);
        return;
      }
      tasks.delete(task);
      void task.run();
    }, delay);
    task.timer.unref();
  };

  return {
    now,
    after(milliseconds, run) {
      const task: Task = { at: Math.round(now() + milliseconds), order: order++, run };
      tasks.add(task);
      schedule(task);
      return () => {
        clearTimeout(task.timer);
        tasks.delete(task);
      };
    },
    async advance(milliseconds) {
      if (!(milliseconds >= 0))
        throw new RangeError(`Cannot move the clock by ${milliseconds} ms: it only goes forward`);
      const target = Math.round(now() + milliseconds);
      for (;;) {
        const next = first(tasks);
        if (next === undefined || next.at > target) break;
        tasks.delete(next);
        clearTimeout(next.timer);
        if (next.at > now()) jumpTo(next.at);
        await next.run();
      }
      if (target > now()) jumpTo(target);
      for (const task of tasks) {
        clearTimeout(task.timer);
        schedule(task);
      }
    },
    onJump: (listener) => void listeners.push(listener),
    get state() {
      return state;
    },
    close() {
      for (const task of tasks) clearTimeout(task.timer);
      tasks.clear();
    },
  };
}
