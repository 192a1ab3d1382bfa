import { BYTES, int4Bytes, usesAdapters, type Job } from './job.ts';
import { billions } from './model.ts';

/** Bytes of something on each GPU, and how they came about. */
export interface Part {
  readonly name: string;
  readonly bytes: number;
  readonly formula: string;
}

/** Bytes a parameter of weights, gradients and optimizer: sums 16 (fp32 Adam), 18 (mixed, fp32 gradients), 8 (pure bf16). */
function trainingBytes({ precision, optimizer }: Job): {
  weights: number;
  gradients: number;
  optimizer: number;
} {
  const moments = { adam: 2, 'adam-8bit': 0.5, sgd: 1 }[optimizer];
  if (precision === 'fp32') return { weights: 4, gradients: 4, optimizer: 4 * moments };
  if (precision === 'bf16')
    return { weights: 2, gradients: 2, optimizer: optimizer === 'adam-8bit' ? 2 : 2 * moments };
  // Mixed precision keeps a copy of the weights in fp32 with the optimizer.
  return { weights: 2, gradients: 4, optimizer: 4 + 4 * moments };
}

/** Weights, gradients and optimizer states on one of `gpus` GPUs. */
export function stateParts(job: Job, gpus: number): readonly Part[] {
  if (job.task === 'inference') return [inferenceWeights(job, gpus)];
  return usesAdapters(job) ? adapterStates(job, gpus) : fullStates(job, gpus);
}

function fullStates(job: Job, gpus: number): readonly Part[] {
  const { model, sharding, offload } = job;
  const { weights, gradients, optimizer } = trainingBytes(job);
  const p = model.parameters;
  const all = weights + gradients + optimizer;
  const said = billions(p);
  if (sharding === 'zero2') return zero2(p, all, weights, gpus, offload !== 'none');
  if (sharding === 'zero3') return zero3(job, all, weights, gpus);
  const share = sharding === 'tensor' ? gpus : 1;
  const over = share === 1 ? '' : ` / ${share} GPUs`;
  return [
    { name: 'weights', bytes: (weights * p) / share, formula: `${weights} B × ${said}${over}` },
    { name: 'gradients', bytes: (gradients * p) / share, formula: `${gradients} B × ${said}${over}` },
    {
      name: 'optimizer',
      bytes: offload === 'none' ? (optimizer * p) / share : 0,
      formula: offload === 'none' ? `${optimizer} B × ${said}${over}` : 'in the memory of the host',
    },
  ];
}

/** DeepSpeed's estimator (docs/code-docs/source/memory.rst): 4 P + 16 P / N, 2 P with the optimizer on the host. */
function zero2(p: number, all: number, weights: number, gpus: number, onHost: boolean): readonly Part[] {
  const said = billions(p);
  if (onHost)
    return [{ name: 'weights', bytes: weights * p, formula: `${weights} B × ${said}, the rest on the host` }];
  const kept = 2 * weights;
  const spread = all - weights;
  return [
    { name: 'weights and their reduction', bytes: kept * p, formula: `${kept} B × ${said}` },
    {
      name: 'gradients and optimizer',
      bytes: (spread * p) / gpus,
      formula: `${spread} B × ${said} / ${gpus} GPUs`,
    },
  ];
}

/** The same source: 4 times the largest layer, and 18 P / N; with the optimizer on the host 2 P / N, with all of it nothing. */
function zero3({ model, offload }: Job, all: number, weights: number, gpus: number): readonly Part[] {
  const { parameters: p, largestLayer } = model;
  const gathered = 2 * weights * largestLayer;
  const spread = offload === 'all' ? 0 : offload === 'optimizer' ? weights : all;
  return [
    {
      name: 'largest layer, gathered',
      bytes: gathered,
      formula: `${2 * weights} B × ${billions(largestLayer)}`,
    },
    {
      name: 'weights, gradients and optimizer',
      bytes: (spread * p) / gpus,
      formula: spread === 0 ? 'in the memory of the host' : `${spread} B × ${billions(p)} / ${gpus} GPUs`,
    },
  ];
}

/** The frozen weights, and states of adapters on every linear layer. */
function adapterStates(job: Job, gpus: number): readonly Part[] {
  const { model, rank, sharding } = job;
  const { hidden, heads, kvHeads, headSize, ffn, layers } = model;
  // Two thin matrices for each of query, key, value, output, and the three of the feed-forward net.
  const widths = 2 * (hidden + heads * headSize) + 2 * (hidden + kvHeads * headSize) + 3 * (hidden + ffn);
  const adapter = rank * widths * layers;
  const { weights, gradients, optimizer } = trainingBytes(job);
  const share = sharding === 'zero3' || sharding === 'tensor' ? gpus : 1;
  const states = weights + gradients + optimizer;
  return [
    scaled(frozenWeights(job), share),
    {
      name: 'adapters with gradients and optimizer',
      bytes: (states * adapter) / share,
      formula: `${states} B × ${billions(adapter)} (rank ${rank})${share === 1 ? '' : ` / ${share} GPUs`}`,
    },
  ];
}

function frozenWeights(job: Job): Part {
  if (job.task === 'qlora') return quantized(job, int4Bytes(job.groupSize), 'nf4');
  const bytes = job.precision === 'fp32' ? 4 : 2;
  const { parameters } = job.model;
  return { name: 'weights', bytes: bytes * parameters, formula: `${bytes} B × ${billions(parameters)}` };
}

function inferenceWeights(job: Job, gpus: number): Part {
  const { precision, model, sharding } = job;
  const bytes = precision === 'int4' ? int4Bytes(job.groupSize) : BYTES[precision];
  const whole: Part =
    bytes >= 2
      ? {
          name: 'weights',
          bytes: bytes * model.parameters,
          formula: `${bytes} B × ${billions(model.parameters)}`,
        }
      : quantized(job, bytes, precision);
  return scaled(whole, sharding === 'none' ? 1 : gpus);
}

/** Quantized weights leave the embeddings in 16 bit; 8-bit formats keep tied embeddings twice, for input and for output. */
function quantized({ model }: Job, bytes: number, name: string): Part {
  const { vocabulary, hidden, tiedEmbeddings, parameters } = model;
  const table = Math.min(vocabulary * hidden, parameters);
  const tables = tiedEmbeddings ? 1 : 2;
  const inner = Math.max(0, parameters - tables * table);
  const kept = tiedEmbeddings && bytes >= 1 ? 2 : tables;
  return {
    name: `weights, ${name}`,
    bytes: bytes * inner + 2 * kept * table,
    formula: `${Number(bytes.toPrecision(4))} B × ${billions(inner)}${table === 0 ? '' : ` + 2 B × ${billions(kept * table)} of embeddings`}`,
  };
}

function scaled(part: Part, share: number): Part {
  return share === 1
    ? part
    : { ...part, bytes: part.bytes / share, formula: `(${part.formula}) / ${share} GPUs` };
}
