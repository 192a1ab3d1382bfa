import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { scanTexts, textOfList } from '../../../../functions/guardrail-audit/gather/texts.ts';
import { findSecrets } from '../../../../functions/guardrail-audit/secrets/scan.ts';
import { pem } from '../../../support/secret-corpus.ts';

const digestOf = (value: string): string => createHmac('sha256', 'key').update(value).digest('hex');
const MEGABYTE = 1_000_000;
const many = (text: string, length = MEGABYTE): string =>
  text.repeat(Math.ceil(length / text.length)).slice(0, length);

/** What makes a pattern look at the same characters again and again, of a megabyte each. */
const TEXTS: readonly (readonly [title: string, text: string])[] = [
  ['backslashes', many('\\')],
  ['backslashes before r', many('\\\\\\r')],
  ['letters', many('a')],
  ['line feeds', many('\n')],
  ['beginnings of keys', many('-----BEGIN PRIVATE KEY-----\n')],
  ['keys without an end', many(`-----BEGIN PRIVATE KEY-----${'A'.repeat(19_000)}!`)],
  ['hyphens of a heading', many(`-----BEGIN${'-'.repeat(100)}`)],
  ['names of keys', many('api_key_secret_token_access_auth.')],
  ['assignments', many('key=')],
  ['addresses', many(`a://${'b'.repeat(255)}:`)],
  ['schemes', many('a+b.')],
  ['tokens of JSON', many(`ey${'A'.repeat(17)}.ey`)],
  ['Slack tokens that go on', many('xoxb-a-')],
  ['Slack tokens', many(`xoxb-${'a1'.repeat(10)} `)],
  ['passwords by the thousand', many('password=Tr0ub4dor&3x1\n')],
  ['tokens by the thousand', many('hf_abcdefghijklmnopqrstuvwxyzabcdefgh ')],
  ['characters outside of the first plane', many('é𝕏')],
  ['halves of characters', many('\ud800')],
  ['base64 in lines', many(`${'A'.repeat(76)}\n`)],
  ['base64 of texts', many(`${Buffer.from(many('a text of words only, ', 90)).toString('base64')} `)],
];

/** A second a megabyte on an idle machine; quadratic ones take minutes. */
const MAX_MS = 5_000;

describe('a hostile megabyte', () => {
  it.each(TEXTS)('of %s is read in a second', (_, text) => {
    const started = performance.now();
    scanTexts('projects/p', [{ place: 'env/TOKEN', name: 'TOKEN', text }], String);
    expect(performance.now() - started).toBeLessThan(MAX_MS);
  });

  it.each(['-', '-a', 'a-', '--a '])('of %j as an argument is read in a second', (part) => {
    const started = performance.now();
    textOfList([many(part)], 'args');
    expect(performance.now() - started).toBeLessThan(MAX_MS);
  });

  it('of passwords becomes fifty findings, and says how many more there are', () => {
    const text = Array.from({ length: 200 }, (_, at) => `DB_PASSWORD=w1re-B1rd-${at}`).join('\n');
    const [place] = scanTexts('projects/p', [{ place: 'env/X', name: undefined, text }], digestOf);
    expect(place?.secrets).toHaveLength(50);
    expect(place?.unlisted).toBe(150);
  });

  it('of one password is one finding', () => {
    const text = 'DB_PASSWORD=w1re-B1rd-9\n'.repeat(40_000);
    const [place] = scanTexts('projects/p', [{ place: 'env/X', name: undefined, text }], digestOf);
    expect(place).toMatchObject({ secrets: [{ rule: 'costguard-password' }], unlisted: 0 });
  });
});

describe('a text of three megabytes', () => {
  it('is searched to its end', () => {
    const text = `${many('echo ready\n', 3 * MEGABYTE)}\nexport DB_PASSWORD=w1re-B1rd-9\n`;
    expect(findSecrets(text, 'startup-script', String).map(({ rule }) => rule)).toEqual([
      'costguard-password',
    ]);
  });
});

describe('base64', () => {
  const key = JSON.stringify({ type: 'service_account', private_key_id: 'x', private_key: pem });
  const encoded = Buffer.from(key).toString('base64');
  const found = (text: string, name?: string) =>
    findSecrets(text, name, String).map(({ rule, title, length }) => ({ rule, title, length }));
  const expected = [{ rule: 'private-key', title: 'Private key, in base64', length: pem.trimEnd().length }];

  it.each([
    ['of a service account key in a variable', `export SA_KEY=${encoded}`],
    ['for a URL', `SA_KEY=${Buffer.from(key).toString('base64url')}`],
    ['as base64 wraps its lines', `cat <<END | base64 -d\n${encoded.replace(/.{76}/g, '$&\n')}\nEND\n`],
    ['of a PEM file', `echo ${Buffer.from(pem).toString('base64')} | base64 -d > key.pem`],
  ])('%s is found, with the length of the key itself', (_, text) => {
    expect(found(text)).toEqual(expected);
  });

  it('has the digest of the key that stands in clear elsewhere', () => {
    const [clear] = findSecrets(pem, undefined, (value) => value.slice(30));
    const [hidden] = findSecrets(`K=${encoded}`, undefined, (value) => value.slice(30));
    expect(hidden?.digest).toBe(clear?.digest);
  });

  it('of an environment file is found', () => {
    expect(found(Buffer.from('USER=app\nDB_PASSWORD=hunter-22-hunter\nMODE=x\n').toString('base64'))).toEqual(
      [{ rule: 'costguard-password', title: 'Password, in base64', length: 16 }],
    );
  });

  it.each([
    ['of words', Buffer.from('only a long text of plain words, and nothing else in it').toString('base64')],
    ['of bytes', Buffer.from(Array.from({ length: 200 }, (_, at) => (at * 37) % 256)).toString('base64')],
  ])('%s is none', (_, text) => {
    expect(found(text)).toEqual([]);
  });
});

describe('the value of a variable that is named a password', () => {
  it.each([';x9!kL,"q', 'my dog rex', '  p;4ss word  ', 'пароль-для-базы', '"quoted,text"'])(
    '%j is one as a whole',
    (value) => {
      expect(findSecrets(value, 'DB_PASSWORD', String).map(({ rule }) => rule)).toEqual([
        'costguard-password',
      ]);
    },
  );

  it.each(['', 'short', '${DB_PASSWORD}', 'sm://projects/p/secrets/x', '/etc/secrets/db', 'null'])(
    '%j is none',
    (value) => {
      expect(findSecrets(value, 'DB_PASSWORD', String)).toEqual([]);
    },
  );
});
