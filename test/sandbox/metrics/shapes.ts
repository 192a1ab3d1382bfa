import { IANAZone } from 'luxon';
import { z } from 'zod';
import { momentSchema } from '../clock/moment.ts';

// What a scenario file says about the load of a machine. All values are in the metric's own unit: CPU as a fraction
// (0 to 1), GPU in percent (0 to 100), network and disk in bytes per second.

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** Says what is wrong with the option of a union that fits best: zod's own message is only "Invalid input". */
function likeBestOption({ errors }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string | undefined {
  const depth = (option: readonly z.core.$ZodIssue[]): number =>
    Math.max(...option.map(({ path }) => path.length));
  const best = errors.reduceRight<readonly z.core.$ZodIssue[] | undefined>(
    (found, option) => (found === undefined || depth(option) > depth(found) ? option : found),
    undefined,
  );
  return best
    ?.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}

/** A fixed value, or a range in which each minute's value is drawn: never outside it, so peaks are predictable. */
const level = z.union(
  [
    z.number(),
    z.tuple([z.number(), z.number()]).refine(([low, high]) => low <= high, 'the lower end comes first'),
  ],
  { error: likeBestOption },
);

export type Level = z.output<typeof level>;

const timeOfDay = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'a time of day such as 08:30');
const timezone = z.string().refine((name) => IANAZone.isValidZone(name), 'a time zone such as Europe/Berlin');
const days = z.array(z.enum(WEEKDAYS)).min(1);

/** Where the series has points at all. A series without an end still has none while its machine is off. */
const presence = {
  from: momentSchema.optional(),
  until: momentSchema.optional(),
  gaps: z.array(z.strictObject({ from: momentSchema, to: momentSchema })).default([]),
};

const minutes = z.number().positive();

const SHAPES = 'constant, noise, daily, nightly, spike, heartbeat, steps';

const shaped = z.discriminatedUnion(
  'shape',
  [
    z.strictObject({ shape: z.literal('constant'), value: z.number(), ...presence }),
    /** Uniform noise: level ± spread. */
    z.strictObject({
      shape: z.literal('noise'),
      level: z.number(),
      spread: z.number().nonnegative(),
      ...presence,
    }),
    /** Busy in working hours. */
    z.strictObject({
      shape: z.literal('daily'),
      busy: level,
      idle: level,
      timezone: timezone.default('UTC'),
      days: days.default(['mon', 'tue', 'wed', 'thu', 'fri']),
      start: timeOfDay.default('09:00'),
      end: timeOfDay.default('18:00'),
      ...presence,
    }),
    /** Training that someone starts in a terminal each night; a night belongs to the day on which it begins. */
    z.strictObject({
      shape: z.literal('nightly'),
      /** 85 to 100 % of the metric's range when absent. */
      busy: level.optional(),
      idle: level.default(0),
      timezone: timezone.default('UTC'),
      days: days.default([...WEEKDAYS]),
      start: timeOfDay.default('22:00'),
      end: timeOfDay.default('05:00'),
      ...presence,
    }),
    /** One spike: the points of these minutes from `at` on carry it. */
    z.strictObject({
      shape: z.literal('spike'),
      at: momentSchema,
      minutes: minutes.default(1),
      value: level,
      base: level.default(0),
      ...presence,
    }),
    /** Something small every so often, such as a kernel's keep-alive. */
    z.strictObject({
      shape: z.literal('heartbeat'),
      everyMinutes: minutes.default(5),
      value: level,
      base: level.default(0),
      ...presence,
    }),
    /** Each value holds from its time on. */
    z.strictObject({
      shape: z.literal('steps'),
      initial: level.default(0),
      steps: z.array(z.strictObject({ at: momentSchema, value: level })).min(1),
      ...presence,
    }),
  ],
  {
    error: `a number, none, or an object whose shape is one of ${SHAPES}`,
  },
);

/** One signal: a bare number is a constant, `none` is no series at all. */
export const shapeSchema = z.union(
  [
    z.literal('none'),
    z.number().transform((value): z.output<typeof shaped> => ({ shape: 'constant', value, gaps: [] })),
    shaped,
  ],
  { error: likeBestOption },
);

export type Shape = z.output<typeof shapeSchema>;
export type PresentShape = Exclude<Shape, 'none'>;

/** A kernel that no one uses any more: GPU memory held, 0 % GPU, a little CPU, its keep-alive on the network. */
const FORGOTTEN_KERNEL = {
  cpu: { shape: 'noise', level: 0.006, spread: 0.004 },
  gpus: 0,
  gpuMemory: 0.62,
  networkSent: { shape: 'heartbeat', everyMinutes: 5, value: [600, 900], base: [20, 60] },
  networkReceived: { shape: 'heartbeat', everyMinutes: 5, value: [400, 700], base: [20, 60] },
} as const;

const signals = z.strictObject({
  /** Fraction of all vCPUs. */
  cpu: shapeSchema.prefault({ shape: 'noise', level: 0.012, spread: 0.008 }),
  /** Percent; one shape for every GPU of the machine, or one per GPU. `none`: no Ops Agent, no series. */
  gpus: z.union([z.array(shapeSchema), shapeSchema], { error: likeBestOption }).prefault('none'),
  /** Percent, as the reporter of older images writes it, of every GPU. */
  legacyGpus: shapeSchema.prefault('none'),
  /** What NVML calls the GPUs, e.g. `NVIDIA A100-SXM4-40GB MIG 1g.5gb`; the accelerator type tells when absent. */
  gpuModel: z.string().optional(),
  /** Fraction of the GPU memory in use, on every GPU. */
  gpuMemory: shapeSchema.prefault('none'),
  /** How many there are, as the collection agent of an instance with report-notebook-metrics writes them. */
  kernels: shapeSchema.prefault('none'),
  terminals: shapeSchema.prefault('none'),
  /** How many of the kernels execute, by a label that no source documents. */
  busyKernels: shapeSchema.prefault('none'),
  /** Bytes per second, as the others below. */
  networkSent: shapeSchema.prefault({ shape: 'noise', level: 300, spread: 200 }),
  networkReceived: shapeSchema.prefault({ shape: 'noise', level: 300, spread: 200 }),
  /** The hypervisor measures the disks of every running VM. */
  diskRead: shapeSchema.prefault(0),
  diskWrite: shapeSchema.prefault({ shape: 'noise', level: 3000, spread: 2000 }),
});

/** The load of one machine; `{}` is an idle one without GPU metrics, `forgotten-kernel` an example worth a name. */
export const loadSchema = z.union(
  [z.literal('forgotten-kernel').transform(() => signals.parse(FORGOTTEN_KERNEL)), signals],
  { error: likeBestOption },
);

export type Load = z.output<typeof loadSchema>;
export type LoadInput = z.input<typeof loadSchema>;
