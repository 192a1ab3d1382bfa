import { expect, it, vi } from 'vitest';
import { switchPolicy } from '../support/budget-lab.ts';
import { tellHoldStory } from './hold-story.ts';

async function told(policyText?: string): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((text: string) => void lines.push(text));
  await tellHoldStory(policyText).finally(() => {
    log.mockRestore();
  });
  return lines.join('\n');
}

it('the story of the rung in force: what is started again is stopped again, the rest is named, a node pool comes back', async () => {
  const text = await told();
  expect(text).toMatch(/schedules hourly +pause: done +came back; started/);
  expect(text).toMatch(/pipelineJobs nightly-2 +cancel: done +rung at 100 %/);
  expect(text).toMatch(/No rung stops these, \d+ left burning (?:at least )?\$\d+\.\d\d\/h/);
  expect(text).toContain('persistentResources ray: $');
  expect(text).toContain('gcloud ai persistent-resources delete ray');
  expect(text).toMatch(/nodePools a100 +start: done/);
  // What is said of several resources stands once.
  expect(text.match(/whether an operator started and stopped it meanwhile/g)).toHaveLength(1);
  const shown = text.split('\n').filter((line) => !/^ +gcloud /.test(line));
  expect(shown.filter((line) => line.length > 80)).toEqual([]);
});

it('a story of the rung in force that does not happen is an error', async () => {
  await expect(told(switchPolicy({ mode: 'observe' }))).rejects.toThrow(/the node pool goes from 1 to 0/);
});
