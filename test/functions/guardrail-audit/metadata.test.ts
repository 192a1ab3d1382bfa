import { describe, expect, it } from 'vitest';
import type { Look } from '../../../functions/guardrail-audit/gather/attempt.ts';
import { readProjectMetadata } from '../../../functions/guardrail-audit/gather/metadata.ts';
import { isRead } from '../../../functions/guardrail-audit/reading.ts';
import { NOW, PROJECT } from '../../support/guardrail-facts.ts';
import { refuse, scriptedApi, type Script } from '../../support/scripted-api.ts';

const PASSWORD = 'Gr4nite-Ott3r-33';
const START = { key: 'startup-script', value: `export DB_PASSWORD=${PASSWORD}\n` };
const PLACE = 'project-metadata/startup-script';

async function read(google: Script) {
  const { api, requested } = scriptedApi(google);
  const look: Look = {
    api,
    projectId: PROJECT,
    now: NOW,
    digestOf: () => '01234567',
    failed: () => undefined,
  };
  const reading = await readProjectMetadata(look);
  return { requested, reading };
}

describe('the metadata of a project', () => {
  it.each<
    [title: string, metadata: unknown, places: readonly string[], urls: readonly string[], gap: boolean]
  >([
    ['with a password', { items: [START] }, [PLACE], [], false],
    ['without items', {}, [], [], false],
    ['that is not there', undefined, [], [], false],
    ['with an empty value', { items: [{ key: 'enable-oslogin' }] }, [], [], false],
    [
      'with scripts in buckets',
      {
        items: [
          { key: 'startup-script-url', value: ' gs://lab/start.sh ' },
          { key: 'windows-startup-script-url', value: 'gs://lab/start.ps1' },
          { key: 'shutdown-script-url', value: '' },
        ],
      },
      [],
      ['gs://lab/start.sh', 'gs://lab/start.ps1'],
      false,
    ],
    [
      'that names a script by half a character',
      { items: [{ key: 'startup-script-url', value: 'gs://lab/\ud800.sh' }] },
      [],
      ['gs://lab/\ufffd.sh'],
      false,
    ],
    ['whose items are no list', { items: { a: PASSWORD } }, [], [], true],
    ['that is a text', PASSWORD, [], [], true],
    ['with an item of another form', { items: [{ key: 7, value: PASSWORD }, START] }, [PLACE], [], true],
    ['with a value that is no text', { items: [{ key: 'a', value: [PASSWORD] }] }, [], [], true],
  ])('%s', async (_, metadata, places, urls, gap) => {
    const { reading, requested } = await read(() => ({
      name: PROJECT,
      ...(metadata === undefined ? {} : { commonInstanceMetadata: metadata }),
    }));
    expect(requested).toHaveLength(1);
    expect(isRead(reading) && reading.value.places.map(({ place }) => place)).toEqual(places);
    expect(isRead(reading) && reading.value.scriptUrls).toEqual(urls);
    expect(isRead(reading) && reading.gaps).toEqual(
      gap ? ['the metadata of the project has another form than documented'] : [],
    );
    expect(JSON.stringify(reading)).not.toContain(PASSWORD);
  });

  it.each<[title: string, google: Script]>([
    ['may not be read', () => refuse(403)],
    ['is not answered', () => ''],
    ['is another answer than documented', () => ({ commonInstanceMetadata: { items: [START] } })],
  ])('is unknown where it %s', async (_, google) => {
    const { reading } = await read(google);
    expect(reading).toEqual({
      why: expect.stringMatching(/^the metadata of the project could not be read: /) as string,
    });
    expect(JSON.stringify(reading)).not.toContain(PASSWORD);
  });
});
