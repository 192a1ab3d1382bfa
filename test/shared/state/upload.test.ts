import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Api } from '../../../shared/google/api.ts';
import { createState, type State } from '../../../shared/state/state.ts';
import { timelessApi } from '../../support/scripted-api.ts';

const NAME = 'receipts/f/2026/11/18/run.json';

/** Just more than one block of a session. */
const LONG = 'x'.repeat(4 * 1024 * 1024 + 1);

function md5(text: string): string {
  return createHash('md5').update(text).digest('base64');
}

interface Requested {
  /** `POST multipart`, `POST resumable`, `PUT`, `PUT last` or `GET`. */
  readonly what: string;
  readonly precondition: string | null;
}

interface World {
  readonly state: State;
  readonly requested: Requested[];
}

/** What the attempts of the last request of an upload get: an HTTP status, or a body for 200. */
type Answer = number | { readonly body: unknown };

/** A bucket whose answers to the last request of an upload are given, and to a look at the object: its hash, undefined for 404. */
function world(answers: readonly Answer[], hash: string | undefined): World {
  const requested: Requested[] = [];
  const left = [...answers];
  const api: Api = timelessApi(async (options) => {
    const { method = 'GET', headers = {} } = options;
    const url = new URL(String(options.url));
    const range = String(new Headers(headers).get('content-range'));
    const type = url.searchParams.get('uploadType') ?? '';
    const isLast = type === 'multipart' || /\/\d+$/.test(range);
    const what = `${method} ${method === 'PUT' ? (isLast ? 'last' : '') : type}`.trim();
    requested.push({ what, precondition: url.searchParams.get('ifGenerationMatch') });
    if (method === 'GET')
      return hash === undefined
        ? refuse(404)
        : answered({ name: decodeURIComponent(url.pathname.replace(/^.*\/o\//, '')), md5Hash: hash });
    if (type === 'resumable') return answered({}, { location: 'https://storage.googleapis.com/session' });
    if (!isLast) {
      const [, end = ''] = /-(\d+)\//.exec(range) ?? [];
      return answered('', { range: `bytes=0-${end}` }, 308);
    }
    const next = left.shift() ?? { body: { generation: '1' } };
    return typeof next === 'number' ? refuse(next) : answered(next.body);
  });
  return { state: createState({ api, bucket: 'b' }), requested };
}

function answered(data: unknown, headers: Record<string, string> = {}, status = 200): never {
  return { status, data, headers } as never;
}

function refuse(status: number): never {
  throw Object.assign(new Error(`refused with ${status}`), { status });
}

async function store({ state }: World, text: string): Promise<string> {
  const upload = state.upload(NAME);
  await upload.write([text]);
  return upload.finish().then(
    () => 'stored',
    (error: unknown) => String(error),
  );
}

const FATES: readonly {
  readonly name: string;
  readonly answers: readonly Answer[];
  readonly there: 'nothing' | 'ours' | 'another';
  readonly outcome: RegExp;
}[] = [
  {
    name: 'the answer of the first attempt is lost',
    answers: [503, 412],
    there: 'ours',
    outcome: /^stored$/,
  },
  {
    name: 'the answer is lost, and the account may not overwrite',
    answers: [503, 403],
    there: 'ours',
    outcome: /^stored$/,
  },
  { name: 'the answer is a page', answers: [{ body: '<html>' }], there: 'ours', outcome: /^stored$/ },
  { name: 'the answer is empty', answers: [{ body: '' }], there: 'ours', outcome: /^stored$/ },
  { name: 'no attempt is answered', answers: Array(6).fill(503), there: 'ours', outcome: /^stored$/ },
  {
    name: 'another object is there',
    answers: [412],
    there: 'another',
    outcome: /another object of that name/,
  },
  {
    name: 'another object is there, and the account may not overwrite',
    answers: [403],
    there: 'another',
    outcome: /another object of that name/,
  },
  { name: 'the account may not add it', answers: [403], there: 'nothing', outcome: /HTTP 403/ },
  {
    name: 'a page, and nothing is stored',
    answers: [{ body: '<html>' }],
    there: 'nothing',
    outcome: /generation|unexpected/,
  },
  { name: 'no attempt is carried out', answers: Array(6).fill(503), there: 'nothing', outcome: /HTTP 503/ },
];

describe('State.upload', () => {
  for (const [size, text, begins] of [
    ['in one request', '{"a":1}', 'POST multipart'],
    ['in several requests', LONG, 'POST resumable'],
  ] as const) {
    for (const { name, answers, there, outcome } of FATES)
      it(`${size}: ${name}`, async () => {
        const hash = { nothing: undefined, ours: md5(text), another: md5('theirs') }[there];
        expect(await store(world(answers, hash), text)).toMatch(outcome);
      });

    it(`${size}: takes the place of no object, and looks at none that it stored`, async () => {
      const made = world([], undefined);
      expect(await store(made, text)).toBe('stored');
      expect(made.requested[0]).toEqual({ what: begins, precondition: '0' });
      expect(made.requested.filter(({ what }) => what.startsWith('GET'))).toEqual([]);
    });
  }
});
