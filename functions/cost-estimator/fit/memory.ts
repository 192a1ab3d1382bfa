import { isTraining, type Job } from './job.ts';
import { stateParts, type Part } from './states.ts';

export type { Part };

/** What a job takes on each of its GPUs, in bytes. */
export interface Memory {
  readonly gpus: number;
  /** Weights, gradients, optimizer and KV cache: what cannot be less. */
  readonly lowBytes: number;
  /** With activations and the CUDA context. */
  readonly expectedBytes: number;
  /** With what the allocator keeps, and logits of a vocabulary that was not given. */
  readonly upperBytes: number;
  readonly parts: readonly Part[];
}

const MIB = 2 ** 20;

/** CUDA context and kernels after one tiny tensor on a V100 (huggingface/transformers, model_memory_anatomy). */
const CONTEXT_BYTES = 1343 * MIB;

/** An allocator keeps blocks that it may need again: a measured fine-tune took 12.5 % more than the sum of its parts. */
const SLACK = 1.2;

const ASSUMED_VOCABULARY = 128_256;

/** What a job takes on each of so many GPUs. Sources of the formulas: functions/cost-estimator/README.md. */
export function memoryOf(job: Job, gpus: number): Memory {
  const training = isTraining(job);
  const states = stateParts(job, gpus);
  const fixed = training ? states : [...states, kvCache(job, gpus)];
  const work = training ? [activations(job, gpus), ...logits(job)] : [];
  const context: Part = { name: 'CUDA context', bytes: CONTEXT_BYTES, formula: '1,343 MiB' };
  const parts = [...fixed, ...work, context];
  const lowBytes = sumOf(fixed);
  const expectedBytes = sumOf(parts);
  const extra = training && job.model.vocabulary === 0 ? logitBytes(job, ASSUMED_VOCABULARY) : 0;
  const prefill = training ? 0 : oneLayer(job, 2) / shareOf(job, gpus);
  return { gpus, lowBytes, expectedBytes, upperBytes: expectedBytes * SLACK + extra + prefill, parts };
}

const sumOf = (parts: readonly Part[]): number => parts.reduce((sum, { bytes }) => sum + bytes, 0);

/** Tensor parallelism splits what is computed too; ZeRO splits states alone. */
const shareOf = ({ sharding }: Job, gpus: number): number => (sharding === 'tensor' ? gpus : 1);

/** Keys and values of every layer: 2 L k d bytes a token, of KV heads and not of all heads. */
function kvCache(job: Job, gpus: number): Part {
  const { layers, kvHeads, headSize } = job.model;
  const bytes = job.precision === 'fp32' ? 4 : 2;
  const share = job.sharding === 'none' ? 1 : gpus;
  return {
    name: 'KV cache',
    bytes: (2 * layers * kvHeads * headSize * bytes * job.context * job.batch) / share,
    formula: `2 × ${layers} layers × ${kvHeads} KV heads × ${headSize} × ${bytes} B × ${job.context} tokens × ${job.batch}${share === 1 ? '' : ` / ${share} GPUs`}`,
  };
}

/** What one layer keeps, without attention's matrix: 34 s b h in 16 bit, by value size (16 B + 2) s b h. arXiv 2205.05198, table 2 */
function oneLayer({ model, context, batch }: Job, valueBytes: number): number {
  return (16 * valueBytes + 2) * context * batch * model.hidden;
}

function activations(job: Job, gpus: number): Part {
  const { model, context, batch, recompute, precision } = job;
  const { layers, hidden, heads } = model;
  const valueBytes = precision === 'fp32' ? 4 : 2;
  const share = shareOf(job, gpus);
  const layer = oneLayer(job, valueBytes);
  const over = share === 1 ? '' : ` / ${share} GPUs`;
  const said = `${context} tokens × ${batch} × ${hidden}`;
  if (recompute === 'full')
    return {
      name: 'activations, recomputed',
      bytes: (valueBytes * context * batch * hidden * layers + layer) / share,
      formula: `(${valueBytes} B × ${layers} layers + ${16 * valueBytes + 2} B) × ${said}${over}`,
    };
  const matrix = recompute === 'none' ? (2 * valueBytes + 1) * heads * context * context * batch : 0;
  return {
    name: recompute === 'none' ? 'activations' : 'activations, attention recomputed',
    bytes: (layers * (layer + matrix)) / share,
    formula: `${layers} layers × ${16 * valueBytes + 2} B × ${said}${matrix === 0 ? '' : ` + attention ${2 * valueBytes + 1} B × ${heads} heads × ${context}² × ${batch}`}${over}`,
  };
}

/** In fp32, and their gradients. */
function logitBytes({ context, batch, model }: Job, vocabulary: number): number {
  // A model that small in its layers has no large vocabulary.
  const tokens = Math.min(vocabulary, Math.ceil(model.parameters / model.hidden));
  return 8 * context * batch * tokens;
}

function logits(job: Job): readonly Part[] {
  const { vocabulary } = job.model;
  if (vocabulary === 0) return [];
  return [
    {
      name: 'logits and their gradients',
      bytes: logitBytes(job, vocabulary),
      formula: `8 B × ${job.context} tokens × ${job.batch} × ${vocabulary}`,
    },
  ];
}
