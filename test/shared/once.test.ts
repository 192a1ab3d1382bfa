import { describe, expect, it } from 'vitest';
import { once } from '../../shared/once.ts';

describe('once', () => {
  it('makes nothing until it is needed, and the same from then on', () => {
    let made = 0;
    const thing = once(() => ({ number: ++made }));
    expect(made).toBe(0);
    const first = thing();
    expect(thing()).toBe(first);
    expect(made).toBe(1);
  });

  it('makes it once where there is nothing to keep, too', () => {
    let made = 0;
    const nothing = once(() => {
      made += 1;
    });
    nothing();
    nothing();
    expect(made).toBe(1);
  });
});
