import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createClock } from './clock/clock.ts';
import { createHierarchy } from './iam/hierarchy.ts';
import { createIam } from './iam/iam.ts';
import { createTokens } from './iam/tokens.ts';
import { SERVICES } from './sandbox.ts';
import { parseScenario } from './scenario.ts';
import { createServices, type Context, type Service } from './service.ts';

const FOLDER = join(import.meta.dirname, 'services');

function base(): Omit<Context, 'of'> {
  const clock = createClock({ frozen: true });
  const hierarchy = createHierarchy();
  return {
    scenario: parseScenario({ name: 'one', projects: [{ id: 'ml-dev', number: '1' }] }),
    startMs: clock.now(),
    clock,
    hierarchy,
    iam: createIam((resource) => hierarchy.parentOf(resource)),
    tokens: createTokens(clock),
    folder: '/nowhere',
    caFile: '/nowhere/ca.pem',
    clockFile: '/nowhere/clock',
    port: () => 0,
    showsPurgedRoles: false,
  };
}

describe('the services of the sandbox', () => {
  it('are the folders of services/, each exporting one of that name', async () => {
    const folders = readdirSync(FOLDER).sort();
    const exported: (readonly Service[])[] = [];
    for (const folder of folders) {
      const module = (await import(join(FOLDER, folder, 'index.ts'))) as Record<string, Service>;
      exported.push(Object.values(module));
    }
    expect(exported.map((all) => all.map(({ name }) => name))).toEqual(folders.map((name) => [name]));
    expect(new Set<unknown>(SERVICES)).toEqual(new Set(exported.flat()));
  });

  it('have no two acts of one name, which a sandbox would mix up', () => {
    const { acts } = createServices(SERVICES, base());
    const names = SERVICES.flatMap((service) => Object.keys(createServices([service], base()).acts));
    expect(names).toEqual([...new Set(names)]);
    expect(Object.keys(acts).sort()).toEqual(names.sort());
  });
});

describe('createServices', () => {
  it('creates a service once, when the first needs it, and closes in the list’s order', async () => {
    const seen: string[] = [];
    const lower: Service<{ readonly count: number }> = {
      name: 'lower',
      create: () => ({ count: seen.push('lower') }),
      routes: () => [],
      close: () => void seen.push('close lower'),
    };
    const upper: Service<{ readonly sum: number }> = {
      name: 'upper',
      create: ({ of }) => ({ sum: of(lower).count + of(lower).count }),
      routes: () => [],
      close: () => void seen.push('close upper'),
    };
    const services = createServices([upper, lower], base());
    expect(services.acts).toEqual({ sum: 2, count: 1 });
    await services.close();
    expect(seen).toEqual(['lower', 'close upper', 'close lower']);
  });

  it('names the way of a service that needs itself', () => {
    const one: Service = { name: 'one', create: ({ of }) => of(two), routes: () => [] };
    const two: Service = { name: 'two', create: ({ of }) => of(one), routes: () => [] };
    expect(() => createServices([one], base())).toThrow('one > two > one');
  });
});
