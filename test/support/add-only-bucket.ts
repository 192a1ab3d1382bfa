import { Conflict, type State } from '../../shared/state/state.ts';

/** The state bucket of a function that may only add objects, in memory, with a clock of its own. Each call takes a turn. */
export function addOnlyBucket() {
  const clock = { nowMs: 0 };
  const objects = new Map<string, { text: string; atMs: number }>();
  /** Writes that arrive and whose answer does not, and the names of those that are refused. */
  const faults = { unanswered: 0, refused: /^$/ };
  const state = {
    bucket: 'b',
    async read(name: string) {
      await turn();
      const found = objects.get(name);
      return found && { text: found.text, generation: '1', ageMs: clock.nowMs - found.atMs };
    },
    async list(prefix: string) {
      await turn();
      return { items: [...objects.keys()].filter((name) => name.startsWith(prefix)), strange: [] };
    },
    async write(name: string, text: string, { ifGeneration }: { readonly ifGeneration?: string } = {}) {
      await turn();
      if (faults.refused.test(name)) throw new Error(`503 for ${name}`);
      if (ifGeneration !== '0') throw new Error(`Cannot replace ${name}: no storage.objects.delete`);
      if (objects.has(name)) throw new Conflict(name);
      objects.set(name, { text, atMs: clock.nowMs });
      // As the client sends it again: its own first attempt came through.
      if (faults.unanswered-- > 0) throw new Conflict(name);
      return '1';
    },
  } as unknown as State;
  return { clock, objects, faults, state };
}

export const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
