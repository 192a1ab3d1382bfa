import { describe, expect, it } from 'vitest';
import { textsOfJson } from '../../../functions/guardrail-audit/gather/json-texts.ts';
import { textsOfSpec } from '../../../functions/guardrail-audit/gather/vertex/pipeline-spec.ts';

const shown = (spec: unknown): readonly string[] =>
  textsOfSpec(spec).map(({ place, name, text }) => `${place} [${name ?? ''}] ${text}`);
const executor = (one: object) => ({ deploymentSpec: { executors: { e: one } } });

describe('textsOfSpec', () => {
  it.each([
    [
      'variables, arguments and commands of a container',
      executor({
        container: { env: [{ name: 'A', value: 'x' }], args: ['--token', 'y', '-v'], command: ['sh'] },
      }),
      ['executors/e/env/A [A] x', 'executors/e/args [] --token=y -v', 'executors/e/command/0 [] sh'],
    ],
    [
      'a hook before the cache is looked at',
      executor({ container: { lifecycle: { preCacheCheck: { command: ['sh', '-c', 'x'] } } } }),
      ['executors/e/preCacheCheck/command [] sh -c=x'],
    ],
    [
      'the custom job of old executors',
      executor({
        customJob: {
          customJob: {
            jobSpec: { workerPoolSpecs: [{ containerSpec: { env: [{ name: 'A', value: 'x' }] } }] },
          },
        },
      }),
      ['executors/e/env/A [A] x'],
    ],
    [
      'the address of an imported artifact',
      executor({ importer: { artifactUri: { constant: 'https://a:b@c/d' } } }),
      ['executors/e/artifactUri [] https://a:b@c/d'],
    ],
    [
      'defaults of the pipeline and of its components',
      {
        root: { inputDefinitions: { parameters: { token: { defaultValue: 'x', parameterType: 'STRING' } } } },
        components: {
          c: { inputDefinitions: { parameters: { key: { defaultValue: { stringValue: 'y' } } } } },
        },
      },
      ['root/parameters/token [token] x', 'components/c/parameters/key [key] y'],
    ],
    [
      'constants that tasks are given, at any depth of the pipeline',
      {
        root: {
          dag: { tasks: { t: { inputs: { parameters: { p: { runtimeValue: { constant: 'x' } } } } } } },
        },
        components: {
          c: {
            dag: {
              tasks: {
                u: {
                  inputs: {
                    parameters: {
                      q: { runtimeValue: { constantValue: { stringValue: 'y' } } },
                      r: { componentInputParameter: 'key' },
                    },
                  },
                  parameterIterator: { items: { raw: '[{"token": "z"}]' } },
                },
              },
            },
          },
        },
      },
      [
        'root/tasks/t/p [p] x',
        'components/c/tasks/u/q [q] y',
        'components/c/tasks/u/items/0/token [token] z',
      ],
    ],
    [
      'the other spelling of protobuf',
      { deployment_spec: { executors: { e: { container: { env: [{ name: 'A', value: 'x' }] } } } } },
      ['executors/e/env/A [A] x'],
    ],
  ])('has %s', (_, spec, expected) => {
    expect(shown(spec)).toEqual(expected);
  });

  it.each([
    [undefined],
    [null],
    ['x'],
    [7],
    [[]],
    [{ deploymentSpec: [], root: 'x', components: { c: null } }],
  ])('has nothing of %j', (spec) => {
    expect(shown(spec)).toEqual([]);
  });
});

describe('textsOfJson', () => {
  const places = (value: unknown) => textsOfJson(value, 'p').map(({ place, text }) => `${place}=${text}`);

  it('opens JSON in JSON, and takes what only looks like it as a text', () => {
    expect(places(JSON.stringify({ a: JSON.stringify({ b: 'x' }) }))).toEqual(['p/a/b=x']);
    expect(places(['--payload', '{"a": "x"}', '{broken'])).toEqual([
      'p=--payload={"a": "x"} {broken',
      'p/1/a=x',
    ]);
  });

  it('comes to an end where a value is nested a thousand times', () => {
    const deep = `${'['.repeat(1_000)}"x"${']'.repeat(1_000)}`;
    const texts = places(deep);
    expect(texts).toHaveLength(1);
    expect(texts[0]).toContain('"x"');
  });
});
