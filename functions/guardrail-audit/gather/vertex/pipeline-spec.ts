import { textsOfJson } from '../json-texts.ts';
import { entriesOf, field, type PlacedText } from '../texts.ts';
import { textsOfJob } from './vertex-job.ts';

/**
 * What people write into a compiled pipeline: commands, arguments and variables of its containers, defaults of parameters, and
 * constants that tasks are given. Names of tasks, outputs and schemas are none of it.
 * Source: https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto
 */
export function textsOfSpec(spec: unknown): readonly PlacedText[] {
  const executors = entriesOf(part(part(spec, 'deploymentSpec'), 'executors'));
  const components = entriesOf(part(spec, 'components'));
  return [
    ...executors.flatMap(([label, executor]) => textsOfExecutor(executor, `executors/${label}`)),
    ...textsOfComponent(part(spec, 'root'), 'root'),
    ...components.flatMap(([name, one]) => textsOfComponent(one, `components/${name}`)),
  ];
}

function textsOfExecutor(executor: unknown, place: string): readonly PlacedText[] {
  const container = part(executor, 'container');
  const hook = part(part(container, 'lifecycle'), 'preCacheCheck');
  const importer = part(executor, 'importer');
  const customJob = part(part(executor, 'customJob'), 'customJob');
  return [
    ...['env', 'args', 'command'].flatMap((name) => textsOfJson(part(container, name), `${place}/${name}`)),
    ...['args', 'command'].flatMap((name) => textsOfJson(part(hook, name), `${place}/preCacheCheck/${name}`)),
    ...textsOfJson(constantIn(part(importer, 'artifactUri')), `${place}/artifactUri`),
    ...textsOfJson(part(importer, 'metadata'), `${place}/metadata`),
    ...textsOfJob(part(customJob, 'jobSpec'), `${place}/`),
  ];
}

function textsOfComponent(component: unknown, place: string): readonly PlacedText[] {
  const inputs = entriesOf(part(part(component, 'inputDefinitions'), 'parameters'));
  const tasks = entriesOf(part(part(component, 'dag'), 'tasks'));
  return [
    ...inputs.flatMap(([name, one]) =>
      textsOfJson(valueOf(part(one, 'defaultValue')), `${place}/parameters/${name}`, name),
    ),
    ...tasks.flatMap(([name, task]) => textsOfTask(task, `${place}/tasks/${name}`)),
  ];
}

function textsOfTask(task: unknown, place: string): readonly PlacedText[] {
  const given = entriesOf(part(part(task, 'inputs'), 'parameters'));
  const items = part(part(part(task, 'parameterIterator'), 'items'), 'raw');
  return [
    ...given.flatMap(([name, one]) =>
      textsOfJson(constantIn(part(one, 'runtimeValue')), `${place}/${name}`, name),
    ),
    ...textsOfJson(items, `${place}/items`),
  ];
}

/** Of a `ValueOrRuntimeParameter`. */
function constantIn(value: unknown): unknown {
  return part(value, 'constant') ?? valueOf(part(value, 'constantValue'));
}

/** Before schema 2.1.0 a value says its type: `{stringValue: "x"}`. */
export function valueOf(value: unknown): unknown {
  return part(value, 'stringValue') ?? value;
}

/** Specifications are kept as they were compiled: protobuf's JSON takes both spellings of a field. */
function part(value: unknown, name: string): unknown {
  return (
    field(value, name) ??
    field(
      value,
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    )
  );
}
