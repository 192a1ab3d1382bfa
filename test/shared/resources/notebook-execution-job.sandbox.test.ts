import { describe, expect, it } from 'vitest';
import { costText } from '../../../shared/resources/left-burning.ts';
import { NOTEBOOK_EXECUTION_JOBS } from '../../../shared/resources/vertex/notebook-execution-job.ts';
import { findMethod } from '../../sandbox/discovery/catalog.ts';
import { find, withResources, type ProjectInput } from '../../support/resource-lab.ts';

const PLACE = 'projects/3001/locations/us-central1';
const TEMPLATE = `${PLACE}/notebookRuntimeTemplates/gpu`;
const machineSpec = { machineType: 'g2-standard-8', acceleratorType: 'NVIDIA_L4', acceleratorCount: 1 };
type Body = Readonly<Record<string, unknown>>;

const at = (path: string, body: Body) => ({
  service: 'aiplatform' as const,
  path: `locations/us-central1/${path}`,
  body,
});
const run = (id: string, body: Body) =>
  at(`notebookExecutionJobs/${id}`, { displayName: id, jobState: 'JOB_STATE_RUNNING', ...body });
const lab = (resources: NonNullable<ProjectInput['resources']>, ...rest: LabRest) =>
  withResources([NOTEBOOK_EXECUTION_JOBS], { resources }, ...rest);
type LabRest =
  Parameters<typeof withResources> extends [unknown, unknown, ...infer Rest extends readonly unknown[]]
    ? Rest
    : never;

describe('notebook execution jobs', () => {
  it('are priced by their own machine or their template, which is read once', async () => {
    const byTemplate = { notebookRuntimeTemplateResourceName: TEMPLATE };
    await lab(
      [
        at('notebookRuntimeTemplates/gpu', { machineSpec }),
        run('first', byTemplate),
        run('second', byTemplate),
        run('own', { customEnvironmentSpec: { machineSpec } }),
      ],
      async ({ look, api }) => {
        const inventory = await look();
        expect(inventory.gaps).toEqual([]);
        const costs = ['first', 'second', 'own'].map((id) => costText(find(inventory, id).cost));
        expect(new Set(costs).size).toBe(1);
        expect(costs[0]).toMatch(/^at least \$0\.\d+\/h: the fee of Colab Enterprise comes on top$/);
        expect(find(inventory, 'own')).toMatchObject({
          gpus: 1,
          description: 'notebook execution own, 1 x g2-standard-8 with 1 x nvidia-l4',
        });
        expect(api.calls['aiplatform.notebookRuntimeTemplates.get']).toBe(1);
      },
    );
  });

  it('are told with what started them, their labels and when they were created', async () => {
    const labels = { 'costguard-keep': 'true' };
    await lab(
      [
        run('scheduled', { scheduleResourceName: `${PLACE}/schedules/nb`, labels, createTime: '2026-11-18T14:00:00Z' }),
        run('single', { executionUser: 'ana@example.com' }),
      ],
      async ({ look }) => {
        const inventory = await look();
        expect(find(inventory, 'scheduled')).toMatchObject({
          ...{ labels, startedBy: `schedule ${PLACE}/schedules/nb` },
          createdMs: Date.parse('2026-11-18T14:00:00Z'),
        });
        expect(find(inventory, 'single').startedBy).toBe('ana@example.com');
      },
    );
  }); // prettier-ignore

  it.each([
    ['names none', {}, 'it names neither a machine nor a template'],
    ['is gone', { notebookRuntimeTemplateResourceName: `${PLACE}/notebookRuntimeTemplates/gone` }, 'its template cannot be read: '],
    ['is bare', { notebookRuntimeTemplateResourceName: `${PLACE}/notebookRuntimeTemplates/bare` }, `its template ${PLACE}/notebookRuntimeTemplates/bare names no machine`],
    ['is none', { notebookRuntimeTemplateResourceName: 'projects/3001/locations/evil.example/x' }, 'its template cannot be read: projects/3001/locations/evil.example/x is no template'],
  ])('are seen without a price, and say why, where the template %s', async (_, body, why) => {
    await lab([at('notebookRuntimeTemplates/bare', {}), run('one', body)], async ({ look }) => {
      const inventory = await look();
      expect(inventory.gaps).toEqual([]);
      expect(costText(find(inventory, 'one').cost)).toContain(`unpriced: ${why}`);
    });
  }); // prettier-ignore

  it('are seen where the right to read their template is missing', async () => {
    await lab(
      [
        at('notebookRuntimeTemplates/gpu', { machineSpec }),
        run('one', { notebookRuntimeTemplateResourceName: TEMPLATE }),
      ],
      async ({ look }) => {
        const inventory = await look();
        expect(inventory.gaps).toEqual([]);
        expect(costText(find(inventory, 'one').cost)).toMatch(
          /^unpriced: its template cannot be read: .*403/,
        );
      },
      { without: ['aiplatform.notebookRuntimeTemplates.get'] },
    );
  });

  it.each([
    ['QUEUED', 'waits'],
    ['PENDING', 'waits'],
    ['RUNNING', 'runs'],
    ['PAUSED', 'runs'],
    ['UPDATING', 'runs'],
    ['SUCCEEDED', 'is over'],
    ['FAILED', 'is over'],
    ['CANCELLING', 'is over'],
    ['CANCELLED', 'is over'],
    ['EXPIRED', 'is over'],
    ['PARTIALLY_SUCCEEDED', 'is over'],
    ['UNSPECIFIED', 'is not evaluable'],
  ])('one that is %s %s', async (state, what) => {
    const body = { jobState: `JOB_STATE_${state}`, customEnvironmentSpec: { machineSpec } };
    await lab([run('one', body)], async ({ look }) => {
      const { resources, gaps, listings } = await look();
      const [one] = resources;
      const found = {
        'is over': one === undefined,
        waits: one?.waits?.startsWith('waits for machines; then at least $0.') === true && costText(one.cost).startsWith('nothing by itself'),
        runs: one?.waits === undefined && one?.fate.kind === 'named' && /only be deleted/.test(one.fate.why),
        'is not evaluable': gaps.length === 1 && one?.fate.kind === 'named' && /^not evaluable/.test(one.fate.why),
      };
      expect(found).toMatchObject({ [what]: true });
      expect(listings.find(({ what: of }) => of === 'notebookExecutionJobs in us-central1')?.found).toBe(one === undefined ? 0 : 1);
    });
  }); // prettier-ignore

  it('are listed newest first, and no further than a page of which all ended more than 30 days ago', async () => {
    const old = Array.from({ length: 550 }, (_, index) =>
      run(`old-${index}`, { jobState: 'JOB_STATE_SUCCEEDED', createTime: new Date(Date.UTC(2026, 5, 1, index)).toISOString() }),
    );
    const lately = run('lately', { customEnvironmentSpec: { machineSpec }, createTime: '2026-10-20T00:00:00Z' });
    await lab([...old, lately], async ({ look, api }) => {
      const { resources, listings } = await look();
      expect(resources.map(({ resource }) => resource.split('/').at(-1))).toEqual(['lately']);
      expect(listings.find(({ what }) => what === 'notebookExecutionJobs in us-central1')?.found).toBe(1);
      // Of six pages the second is the last that is needed, and the third was requested before it was read; the other regions have one.
      expect(api.calls['aiplatform.notebookExecutionJobs.list']).toBe(2 + listings.length);
    });
  }); // prettier-ignore

  it('reads so many templates at the most', async () => {
    const template = (index: number): string => `${PLACE}/notebookRuntimeTemplates/t${index}`;
    const runs = Array.from({ length: 52 }, (_, index) => [
      at(`notebookRuntimeTemplates/t${index}`, { machineSpec }),
      run(`run-${index}`, { notebookRuntimeTemplateResourceName: template(index) }),
    ]);
    await lab(runs.flat(), async ({ look, api }) => {
      const texts = (await look()).resources.map(({ cost }) => costText(cost));
      expect(texts.filter((text) => text === 'unpriced: its template is not among the 50 that were read')).toHaveLength(2);
      expect(api.calls['aiplatform.notebookRuntimeTemplates.get']).toBe(50);
    });
  }); // prettier-ignore

  it('can be ended by deletion alone', () => {
    const of = (verb: string, custom: string) =>
      findMethod(verb, 'us-central1-aiplatform.googleapis.com', `/v1/${PLACE}/notebookExecutionJobs/1${custom}`)?.id; // prettier-ignore
    expect(of('DELETE', '')).toBe('aiplatform.projects.locations.notebookExecutionJobs.delete');
    expect(['cancel', 'stop'].map((one) => of('POST', `:${one}`))).toEqual([undefined, undefined]);
    expect(NOTEBOOK_EXECUTION_JOBS.stop({ resource: '', record: {} })).toEqual([]);
  });
});
