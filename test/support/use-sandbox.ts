import { afterAll, beforeAll } from 'vitest';
import { startSandbox, type Sandbox, type SandboxOptions } from '../sandbox/sandbox.ts';
import { parseScenario, type ScenarioInput } from '../sandbox/scenario.ts';
import { askGoogle, type Answer } from './ask-google.ts';

/** Who may do everything in a scenario that names no owners. */
export const OWNER = 'owner@example.com';

/** The sandbox of a group of tests. */
export interface UsedSandbox {
  /** Once the tests run. */
  readonly sandbox: () => Sandbox;
  /** One REST call, as the owner when no account is given. */
  readonly ask: (method: string, url: string, body?: unknown, account?: string) => Promise<Answer>;
}

/** One sandbox for all tests of a file or `describe`, with a clock that stands still; closed after them. */
export function useSandbox(
  scenario: Omit<ScenarioInput, 'name'>,
  options: Omit<SandboxOptions, 'scenario'> = {},
): UsedSandbox {
  let started: Sandbox | undefined;
  const sandbox = (): Sandbox => {
    if (started === undefined) throw new Error('Cannot use the sandbox before the tests run');
    return started;
  };
  beforeAll(async () => {
    started = await startSandbox({
      scenario: parseScenario({ name: 'test', ...scenario }),
      frozen: true,
      ...options,
    });
  });
  afterAll(() => started?.close());
  return {
    sandbox,
    ask: (method, url, body, account = OWNER) => askGoogle(sandbox(), account, method, url, body),
  };
}
