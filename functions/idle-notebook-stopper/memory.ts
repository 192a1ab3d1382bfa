import * as z from 'zod/mini';
import { messageOf, PermanentError } from '../../shared/errors.ts';
import { Conflict } from '../../shared/state.ts';
import type { Run } from '../../shared/sweep.ts';

const stopRecord = z.object({
  /** When the stop was claimed, milliseconds since the epoch. */
  claimedAtMs: z.number(),
  runId: z.string(),
  /** The tick's: what an earlier delivery of it claimed counts against the same `maxStops`. */
  messageId: z.optional(z.string()),
  reason: z.string(),
  /** Set once the stop was asked for, so that a claim without it may be one whose run died. */
  requestedAtMs: z.optional(z.number()),
  operation: z.optional(z.string()),
});

const startRecord = z.object({
  claimedAtMs: z.number(),
  runId: z.string(),
  requestedAtMs: z.optional(z.number()),
});

const notebookMemory = z.object({
  /** When it was first found idle and a warning went out. */
  warnedAtMs: z.optional(z.number()),
  stop: z.optional(stopRecord),
  start: z.optional(startRecord),
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

/** Throws when the object is not what this code writes: acting on half-read memory could stop something twice. */
function parseMemory(name: string, text: string): ProjectMemory {
  try {
    return projectMemory.parse(JSON.parse(text));
  } catch (error) {
    throw new PermanentError(
      `Cannot read the memory "${name}": it is not what costguard writes (${messageOf(error)}); mend or delete it`,
      { cause: error },
    );
  }
}

/** What is remembered of the run's project; nothing when there is no state bucket. */
export async function readMemory(run: Run): Promise<ProjectMemory> {
  const name = memoryObject(run.projectId);
  const stored = await run.state?.read(name);
  return stored === undefined ? NO_MEMORY : parseMemory(name, stored.text);
}

/** One try more than the parallel runs that one project ever sees: each round of conflicts lets at least one through. */
const MAX_CONFLICTS = 40;

/**
 * Changes the memory under a precondition, so that parallel runs never overwrite each other: when another one was
 * faster, `change` is asked again with what that one wrote. No difference, no write.
 */
export async function updateMemory(
  run: Run,
  change: (notebooks: Readonly<Record<string, NotebookMemory>>) => Record<string, NotebookMemory>,
): Promise<void> {
  const { state, runtime } = run;
  if (state === undefined) return;
  const name = memoryObject(run.projectId);
  for (let conflicts = 0; ; conflicts++) {
    const stored = await state.read(name);
    const before = stored === undefined ? NO_MEMORY : parseMemory(name, stored.text);
    const after: ProjectMemory = { version: 1, notebooks: change(before.notebooks) };
    const text = JSON.stringify(after);
    if (text === JSON.stringify(before)) return;
    try {
      await state.write(name, text, { ifGeneration: stored?.generation ?? '0' });
      return;
    } catch (error) {
      if (!(error instanceof Conflict) || conflicts >= MAX_CONFLICTS) throw error;
      await runtime.sleep(runtime.random() * Math.min(2_000, 100 * 2 ** conflicts));
    }
  }
}
