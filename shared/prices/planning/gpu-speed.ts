/** Peak TFLOP/s of dense 16-bit matrix products, from NVIDIA's data sheets; P4 and P100 without tensor cores. */
const TFLOPS: Readonly<Record<string, number>> = {
  'nvidia-tesla-p4': 5.5,
  'nvidia-tesla-p100': 18.7,
  'nvidia-tesla-t4': 65,
  'nvidia-l4': 121,
  'nvidia-tesla-v100': 125,
  'nvidia-tesla-a100': 312,
  'nvidia-a100-80gb': 312,
  'nvidia-rtx-pro-6000': 500,
  'nvidia-h100-80gb': 989,
  'nvidia-h100-mega-80gb': 989,
  'nvidia-h200-141gb': 989,
  'nvidia-b200': 2250,
  'nvidia-gb200': 2500,
};

/** Peak TFLOP/s of a GPU in 16 bit by its accelerator type's name; undefined where it is not known. */
export const peakTflops = (gpu: string): number | undefined => TFLOPS[gpu];
