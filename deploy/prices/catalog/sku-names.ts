/**
 * What the Cloud Billing Catalog API calls things. Each name stands in a public repository that reads the catalog:
 * Cyclenerd/google-cloud-pricing-cost-calculator build/mapping.csv, cloudpilot-ai/karpenter-provider-gcp instanceprice, the parser
 * tests of vantage-sh/ec2instances.info, dstackai/gpuhunt, SpareCores/sc-crawler (G4), and SKUs of TPUs as they were answered on
 * 2026-06-14. A name that is not here is a problem that an operator looks at, never a guess.
 */

/** Cores and memory, `X Instance Core` and `X Instance Ram`, by what the books call the family. */
export const FAMILIES: Readonly<Record<string, string>> = {
  'N1 Predefined': 'n1',
  Custom: 'n1-custom',
  N2: 'n2',
  'N2 Custom': 'n2-custom',
  'N2D AMD': 'n2d',
  'N2D AMD Custom': 'n2d-custom',
  N4: 'n4',
  'N4 Custom': 'n4-custom',
  N4A: 'n4a',
  N4D: 'n4d',
  'N4D Custom': 'n4d-custom',
  E2: 'e2',
  'E2 Custom': 'e2-custom',
  'T2D AMD': 't2d',
  'T2A Arm': 't2a',
  // Regions that are newer have "Instance" in it, older ones have not.
  'Compute optimized': 'c2',
  'C2D AMD': 'c2d',
  C3: 'c3',
  C3D: 'c3d',
  C4: 'c4',
  'C4A Arm': 'c4a',
  C4A: 'c4a',
  C4D: 'c4d',
  C4N: 'c4n',
  H3: 'h3',
  H4D: 'h4d',
  Z3: 'z3',
  'Memory-optimized': 'm1',
  // m2 has no cores of its own: those of m1, and this on top.
  'Memory Optimized Upgrade Premium for Memory-optimized': 'm2-premium',
  'M3 Memory-optimized': 'm3',
  M4: 'm4',
  M4Ultramem224: 'm4-ultramem-224',
  M4N: 'm4n',
  X4: 'x4',
  A2: 'a2',
  A3: 'a3',
  A3Plus: 'a3plus',
  A3Ultra: 'a3ultra',
  A4: 'a4',
  A4X: 'a4x',
  G2: 'g2',
  G4: 'g4',
};

/** GPUs: `X GPU`, and the newest without that word. */
export const GPUS: Readonly<Record<string, string>> = {
  'Nvidia Tesla T4 GPU': 'nvidia-tesla-t4',
  'Nvidia Tesla P4 GPU': 'nvidia-tesla-p4',
  'Nvidia Tesla P100 GPU': 'nvidia-tesla-p100',
  'Nvidia Tesla V100 GPU': 'nvidia-tesla-v100',
  'Nvidia L4 GPU': 'nvidia-l4',
  'Nvidia Tesla A100 GPU': 'nvidia-tesla-a100',
  'Nvidia Tesla A100 80GB GPU': 'nvidia-a100-80gb',
  'Nvidia H100 80GB GPU': 'nvidia-h100-80gb',
  'Nvidia H100 80GB Mega GPU': 'nvidia-h100-mega-80gb',
  'Nvidia H100 80GB Plus GPU': 'nvidia-h100-mega-80gb',
  'Nvidia H200 141GB GPU': 'nvidia-h200-141gb',
  'H200 141GB GPU': 'nvidia-h200-141gb',
  'RTX 6000 96GB': 'nvidia-rtx-pro-6000',
};

/** GPUs that Compute Engine has no more. */
export const RETIRED_GPUS: ReadonlySet<string> = new Set(['Nvidia Tesla K80 GPU']);

/** Whole machines with one price. */
export const WHOLE: Readonly<Record<string, string>> = {
  'Micro Instance with burstable CPU': 'f1-micro',
  'Small Instance with 1 VCPU': 'g1-small',
  '1/8 vGPU no lssd': 'g4-standard-6',
  '1/4 vGPU no lssd': 'g4-standard-12',
  '1/2 vGPU no lssd': 'g4-standard-24',
};

/** Disks a GiB and month. */
export const DISKS: Readonly<Record<string, string>> = {
  'Storage PD Capacity': 'pd-standard',
  'Regional Storage PD Capacity': 'pd-standard-regional',
  'SSD backed PD Capacity': 'pd-ssd',
  'Regional SSD backed PD Capacity': 'pd-ssd-regional',
  'Balanced PD Capacity': 'pd-balanced',
  'Regional Balanced PD Capacity': 'pd-balanced-regional',
  'Extreme PD Capacity': 'pd-extreme',
  'Hyperdisk Extreme Capacity': 'hyperdisk-extreme',
  'Storage PD Snapshot': 'snapshot',
  'SSD backed Local Storage': 'local-ssd',
  'C4 Instance Local SSD': 'local-ssd-c4',
  'C4A Instance Local SSD': 'local-ssd-c4a',
  'C4D Instance Local SSD': 'local-ssd-c4d',
  'H4D Instance Local SSD': 'local-ssd-h4d',
};

/** TPUs: of the first generations a SKU is a board of four chips. */
export const TPUS: Readonly<Record<string, { readonly name: string; readonly chips: number }>> = {
  tpuv5e: { name: 'v5e', chips: 1 },
  tpuv5p: { name: 'v5p', chips: 1 },
  tpuv6e: { name: 'v6e', chips: 1 },
  tpu7x: { name: '7x', chips: 1 },
  'tpu-v2 accelerator': { name: 'v2', chips: 4 },
  'tpu-v3 accelerator': { name: 'v3', chips: 4 },
  'tpu-v4 pod accelerator': { name: 'v4', chips: 4 },
};

/** Addresses, Cloud NAT and VPN. */
export const NETWORK: Readonly<Record<string, { readonly name: string; readonly unit: 'h' | 'GiBy' }>> = {
  'External IP Charge on a Standard VM': { name: 'external-ip-in-use', unit: 'h' },
  'Static Ip Charge': { name: 'static-ip-unused', unit: 'h' },
  'Networking Cloud Nat Gateway Uptime': { name: 'nat-gateway', unit: 'h' },
  'Networking Cloud Nat Data Processing': { name: 'nat-data', unit: 'GiBy' },
  'Networking Cloud VPN Tunnel': { name: 'vpn-tunnel', unit: 'h' },
};

/** The destinations of internet traffic that the book has; the world is priced as to the Americas. */
export const DESTINATIONS: Readonly<Record<string, string>> = {
  Americas: 'internet-egress-worldwide',
  Australia: 'internet-egress-australia',
  China: 'internet-egress-china',
};
