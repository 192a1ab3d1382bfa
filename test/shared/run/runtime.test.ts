import { AsyncLocalStorage } from 'node:async_hooks';
import { Domain } from 'node:domain';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { leaveDomain } from '../../../shared/run/runtime.ts';

/** As the framework calls a function: in a later turn of a domain of its own. */
async function inDomain(work: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  new Domain().run(() => {
    process.nextTick(() => {
      work();
      resolve(undefined);
    });
  });
  await promise;
  // What left the domain is over by then.
  await setImmediate();
  await setImmediate();
}

/** A promise that was made in a domain. Node marks it, as long as it follows promises. */
function promiseIn(domain: Domain): Promise<void> {
  return domain.run(() => Promise.resolve());
}

describe('leaveDomain', () => {
  it('leaves the domain', async () => {
    let active: unknown = 'none';
    await inDomain(() => {
      leaveDomain();
      active = Reflect.get(process, 'domain');
    });
    expect(active).toBeFalsy();
  });

  it('ends that Node follows every promise, after each domain anew', async () => {
    const domain = new Domain();
    for (let event = 0; event < 3; event++) {
      await inDomain(() => undefined);
      expect(Reflect.has(promiseIn(domain), 'domain')).toBe(true);
      await inDomain(leaveDomain);
      expect(Reflect.has(promiseIn(domain), 'domain')).toBe(false);
    }
  });

  it('keeps what else follows them', async () => {
    const store = new AsyncLocalStorage<string>();
    await inDomain(leaveDomain);
    const found = await store.run('event', async () => {
      await setImmediate();
      return store.getStore();
    });
    expect(found).toBe('event');
  });
});
