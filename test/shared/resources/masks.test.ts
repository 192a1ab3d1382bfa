import { describe, expect, it } from 'vitest';
import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import { startLook } from '../../../shared/resources/look.ts';
import { findMethod } from '../../sandbox/discovery/catalog.ts';
import { unknownPaths } from '../../sandbox/discovery/check-mask.ts';
import { parseMask } from '../../sandbox/http/fields.ts';
import { scriptedApi } from '../../support/scripted-api.ts';

/** The masks of what a kind lists, with the paths that Google's answer does not have. */
async function masksOf(kind: (typeof RESOURCE_KINDS)[number]): Promise<readonly string[]> {
  const { api, requested } = scriptedApi(({ target }) =>
    target.endsWith('/locations') ? { locations: [{ locationId: 'us-east4' }] } : {},
  );
  const look = startLook({
    api,
    projectId: 'p',
    now: new Date(0),
    gap: () => undefined,
    notOffered: () => undefined,
    skip: () => false,
  });
  await kind.list(look);
  return requested.flatMap(({ method, target, query: { fields } }) => {
    const found = findMethod(method, target.split('/')[0] ?? '', target.slice(target.indexOf('/')));
    if (fields === undefined || found === undefined) return [];
    return [[found.id, ...unknownPaths(found, parseMask(fields))].join(' ')];
  });
}

describe('the masks of the listings', () => {
  for (const kind of RESOURCE_KINDS)
    it(`name what Google's answer has: ${kind.title}`, async () => {
      expect((await masksOf(kind)).filter((one) => one.includes(' '))).toEqual([]);
    });

  it('are seen where they are used', async () => {
    const masks = await Promise.all(RESOURCE_KINDS.map(masksOf));
    expect(masks.flat().join()).toMatch(/tuningJobs\.list/);
  });
});
