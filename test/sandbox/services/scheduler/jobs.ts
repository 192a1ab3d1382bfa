import { Cron } from 'croner';
import { ApiError } from '../../http/api-error.ts';
import type { Clock } from '../../clock/clock.ts';
import { durationMs } from '../pubsub/resources.ts';
import type { JobConfig } from './model.ts';

export interface Job {
  /** `projects/P/locations/L/jobs/J` */
  readonly name: string;
  config: JobConfig;
  state: 'ENABLED' | 'PAUSED';
  updatedMs: number;
  nextMs: number | undefined;
  lastMs: number | undefined;
  /** google.rpc.Status of the last attempt; code 0 when it succeeded. */
  status: { readonly code: number; readonly message?: string } | undefined;
}

/** Carries out one attempt. Throws when it failed. */
export type Attempt = (config: JobConfig, deadlineMs: number) => Promise<void>;

/** Jobs that run when the sandbox's clock says so. */
export interface Jobs {
  readonly all: readonly Job[];
  /** Throws NOT_FOUND, as all that take a name. */
  get(name: string): Job;
  /** Throws ALREADY_EXISTS or INVALID_ARGUMENT. */
  create(name: string, config: JobConfig): Job;
  update(name: string, config: JobConfig): Job;
  pause(name: string): Job;
  resume(name: string): Job;
  /** Runs it now, beside its schedule; resolves when the attempt has ended. */
  run(name: string): Promise<Job>;
  delete(name: string): void;
}

const UNIX_CRON = /^\S+(?: +\S+){4}$/;
/** google.rpc.Code.UNKNOWN */
const UNKNOWN = 2;
const DEFAULT_DEADLINE_MS = 180_000;

export function createJobs({ clock, attempt }: { readonly clock: Clock; readonly attempt: Attempt }): Jobs {
  const jobs = new Map<string, Job>();
  const plans = new Map<Job, () => void>();

  const get = (name: string): Job => {
    const found = jobs.get(name);
    if (found === undefined) throw new ApiError('NOT_FOUND', `Job not found: ${name}`);
    return found;
  };
  const unplan = (job: Job): void => {
    plans.get(job)?.();
    plans.delete(job);
    job.nextMs = undefined;
  };
  const plan = (job: Job): void => {
    unplan(job);
    if (job.state !== 'ENABLED') return;
    const next = scheduleOf(job.config).nextRun(new Date(clock.now()));
    if (next === null) return;
    job.nextMs = next.getTime();
    const cancel = clock.after(job.nextMs - clock.now(), async () => {
      plan(job);
      await attemptPatiently(job, 0);
    });
    plans.set(job, cancel);
  };
  const attemptPatiently = async (job: Job, retries: number): Promise<void> => {
    const { config } = job;
    job.lastMs = clock.now();
    try {
      await attempt(
        config,
        config.attemptDeadline === undefined ? DEFAULT_DEADLINE_MS : durationMs(config.attemptDeadline),
      );
      job.status = { code: 0 };
    } catch (error) {
      job.status = { code: UNKNOWN, message: error instanceof Error ? error.message : String(error) };
      const { retryCount, minBackoffDuration, maxBackoffDuration, maxDoublings } = config.retryConfig;
      if (retries >= retryCount || jobs.get(job.name) !== job) return;
      const backoff = durationMs(minBackoffDuration) * 2 ** Math.min(retries, maxDoublings);
      clock.after(Math.min(backoff, durationMs(maxBackoffDuration)), () =>
        attemptPatiently(job, retries + 1),
      );
    }
  };
  const settle = (job: Job): Job => {
    job.updatedMs = clock.now();
    plan(job);
    return job;
  };

  return {
    get all() {
      return [...jobs.values()];
    },
    get,
    create(name, config) {
      if (jobs.has(name)) throw new ApiError('ALREADY_EXISTS', `Job ${name} already exists.`);
      scheduleOf(config);
      const job: Job = {
        name,
        config,
        state: 'ENABLED',
        updatedMs: clock.now(),
        nextMs: undefined,
        lastMs: undefined,
        status: undefined,
      };
      jobs.set(name, job);
      return settle(job);
    },
    update(name, config) {
      const job = get(name);
      scheduleOf(config);
      job.config = config;
      return settle(job);
    },
    pause(name) {
      const job = get(name);
      job.state = 'PAUSED';
      return settle(job);
    },
    resume(name) {
      const job = get(name);
      job.state = 'ENABLED';
      return settle(job);
    },
    async run(name) {
      const job = get(name);
      await attemptPatiently(job, 0);
      return job;
    },
    delete(name) {
      const job = get(name);
      unplan(job);
      jobs.delete(name);
    },
  };
}

/** Throws INVALID_ARGUMENT for a schedule or a time zone that there is not. */
function scheduleOf({ schedule, timeZone }: JobConfig): Cron {
  try {
    if (!UNIX_CRON.test(schedule)) throw new Error('five fields are wanted');
    const cron = new Cron(schedule, { timezone: timeZone, paused: true });
    // The time zone is looked at no earlier than here.
    cron.nextRun(new Date(0));
    return cron;
  } catch (error) {
    throw new ApiError(
      'INVALID_ARGUMENT',
      `Schedule or time zone is invalid: "${schedule}" in ${timeZone} (${error instanceof Error ? error.message : String(error)}).`,
    );
  }
}
