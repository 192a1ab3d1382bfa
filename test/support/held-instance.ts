import type { Runtime } from '../../shared/run/runtime.ts';
import { disturbedRuntime } from './write-fates.ts';

/** Where an instance is held at a write: its look is done and its intent written, or Google has carried the write out. */
export const HOLDS = ['before it leaves', 'after the effect'] as const;
export type Hold = (typeof HOLDS)[number];

/** One of several instances that overlap. While it is held at a write, nothing of it goes on. */
export interface HeldInstance {
  readonly runtime: Runtime;
  /** Runs until it is held at the first write that matches; what is returned has it go on to its end. Rejects where it ends before. */
  runTo<T>(write: Match, hold: Hold, run: () => Promise<T>): Promise<() => Promise<T>>;
}

/** Whether it is this request, as `POST https://…`; a pattern is one. */
interface Match {
  test(request: string): boolean;
}

/** The first request that matches `then` after one that matches `first`. */
export function after(first: Match, then: Match): Match {
  let hasPassed = false;
  return {
    test(request) {
      if (hasPassed) return then.test(request);
      hasPassed = first.test(request);
      return false;
    },
  };
}

/** Has an instance of a function held at will, over any Google. One that never goes on is as good as killed. */
export function holdable(instance: Runtime): HeldInstance {
  let open: Promise<void> = Promise.resolve();
  let armed: { readonly write: Match; readonly hold: Hold; readonly reached: () => void } | undefined;
  const around = async (request: string, answer: () => Promise<unknown>): Promise<unknown> => {
    await open;
    if (armed?.write.test(request) === true) {
      const { hold, reached } = armed;
      armed = undefined;
      const early = hold === 'before it leaves';
      const answered = early ? undefined : await answer();
      reached();
      await open;
      return early ? answer() : answered;
    }
    const answered = await answer();
    // What is answered while the instance sleeps is read when it wakes.
    await open;
    return answered;
  };
  return {
    runtime: disturbedRuntime(instance, around),
    async runTo(write, hold, run) {
      let goOn = (): void => undefined;
      const held = new Promise<'held'>((resolve) => {
        const reached = (): void => {
          open = new Promise((wake) => (goOn = wake));
          resolve('held');
        };
        armed = { write, hold, reached };
      });
      const running = run();
      if ((await Promise.race([held, running])) !== 'held')
        throw new Error(`The run ended before it was held ${hold}`);
      return () => {
        goOn();
        return running;
      };
    },
  };
}
