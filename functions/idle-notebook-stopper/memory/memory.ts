import * as z from 'zod/mini';
import { messageOf, PermanentError } from '../../../shared/errors.ts';
import { updateStateObject, type StateObject } from '../../../shared/state/compare-and-swap.ts';
import type { Run } from '../../../shared/run/sweep.ts';

/**
 * Whether a request was about to leave: `false` when it is claimed, `true` right before it is sent. What an older version wrote has
 * neither, and may have been sent.
 */
const sent = z.optional(z.boolean());

const stopRecord = z.object({
  /** When the stop was claimed, milliseconds since the epoch. */
  claimedAtMs: z.number(),
  runId: z.string(),
  /** The tick's: what an earlier delivery of it claimed counts against the same `maxStops`. */
  messageId: z.optional(z.string()),
  reason: z.string(),
  sent,
  /** Set once the stop was requested, so that a claim without it may be one whose run died. */
  requestedAtMs: z.optional(z.number()),
  operation: z.optional(z.string()),
  /** Whether its run came to say it is to be seen by its receipt, once the run is over. */
  untold: z.optional(z.literal(true)),
  /** The run that said so in the place of one that died. */
  toldBy: z.optional(z.string()),
});

const startRecord = z.object({
  claimedAtMs: z.number(),
  /** How many starts were tried in the working period of the latest, which is one of them; 1 where it is not written. */
  attempts: z.optional(z.number()),
  runId: z.string(),
  sent,
  requestedAtMs: z.optional(z.number()),
  /** The run that said that it was started, in the place of one that died. */
  toldBy: z.optional(z.string()),
});

/** A repair of the native idle shutdown; forgotten once its run is over, and its receipt or a later run has said it. */
const repairRecord = z.object({
  claimedAtMs: z.number(),
  runId: z.string(),
  sent,
  requestedAtMs: z.optional(z.number()),
  reason: z.string(),
  /** What `idle-timeout-seconds` was to become. */
  desired: z.string(),
  /** The run that said that it was repaired, in the place of one that died. */
  toldBy: z.optional(z.string()),
});

const notebookMemory = z.object({
  /** When it was first found idle and a warning went out. */
  warnedAtMs: z.optional(z.number()),
  stop: z.optional(stopRecord),
  start: z.optional(startRecord),
  repair: z.optional(repairRecord),
});

/** What earlier runs left behind about one notebook. */
export type NotebookMemory = z.infer<typeof notebookMemory>;

const projectMemory = z.object({ version: z.literal(1), notebooks: z.record(z.string(), notebookMemory) });

/** One object per project in the state bucket; only notebooks with something to remember are in it. */
export type ProjectMemory = z.infer<typeof projectMemory>;

export const NO_MEMORY: ProjectMemory = { version: 1, notebooks: {} };

export function memoryObject(projectId: string): string {
  return `memory/idle-notebook-stopper/${projectId}.json`;
}

/** A damaged one is an error: acting on half-read memory could stop something twice. */
function projectObject(projectId: string): StateObject<ProjectMemory> {
  const name = memoryObject(projectId);
  return {
    name,
    parse(text) {
      try {
        return text === undefined ? NO_MEMORY : projectMemory.parse(JSON.parse(text));
      } catch (error) {
        throw new PermanentError(
          `Cannot read the memory "${name}": it is not what costguard writes (${messageOf(error)}); fix or delete it`,
          { cause: error },
        );
      }
    },
    print: (memory) => JSON.stringify(memory),
  };
}

/** What is remembered of the run's project; nothing when there is no state bucket. */
export async function readMemory(run: Run): Promise<ProjectMemory> {
  const object = projectObject(run.projectId);
  return object.parse((await run.state?.read(object.name))?.text);
}

/** Changes the memory so that parallel runs never overwrite each other; `change` may be called several times. */
export async function updateMemory(
  run: Run,
  change: (notebooks: Readonly<Record<string, NotebookMemory>>) => Record<string, NotebookMemory>,
): Promise<void> {
  const { state, runtime } = run;
  if (state === undefined) return;
  await updateStateObject(state, runtime, projectObject(run.projectId), (before) => ({
    ...before,
    notebooks: change(before.notebooks),
  }));
}
