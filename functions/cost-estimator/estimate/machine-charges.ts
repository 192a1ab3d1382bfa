import { gpuPrice } from '../../../shared/prices/gpu-price.ts';
import { machineParts, machinePrice } from '../../../shared/prices/machine-price.ts';
import type { Configuration } from '../../../shared/prices/planning/configuration.ts';
import { vertexOnDemand, vertexSpot } from '../../../shared/prices/planning/vertex.ts';
import { isPriced, timesPrice, unpriced, type Price } from '../../../shared/prices/price.ts';
import { agedSpot } from '../../../shared/prices/spot.ts';
import type { Line, Setting } from './lines.ts';

/** A part of a machine, an hour of it. */
export interface Charge {
  readonly kind: Line['kind'];
  readonly what: string;
  readonly price: Price;
}

/** What is billed for a machine an hour, where it runs and as it is bought. */
export function machineCharges(configuration: Configuration, setting: Setting): readonly Charge[] {
  const charges =
    setting.usage === 'spot' ? spotCharges(configuration, setting) : onDemandCharges(configuration, setting);
  return setting.where === 'workbench' ? [...charges, WORKBENCH_FEE] : charges;
}

const WORKBENCH_FEE: Charge = {
  kind: 'fee',
  what: 'management fee of Workbench',
  price: unpriced('no source has the management fee of Workbench'),
};

const onVertex = ({ where }: Setting): boolean => where === 'training' || where === 'prediction';

function onDemandCharges(configuration: Configuration, setting: Setting): readonly Charge[] {
  const { machineType, gpu } = configuration;
  const { region } = setting;
  const { host, gpus, localSsd } = machineParts(machineType, region, 'on-demand');
  const charges: readonly (Charge | undefined)[] = [
    { kind: 'machine', what: machineType, price: host },
    gpus && { kind: 'gpu', what: `${gpu?.count ?? 0} x ${gpu?.type ?? 'GPU'}`, price: gpus },
    attachedCharge(gpu, region, 'on-demand'),
    localSsd && { kind: 'local-ssd', what: 'local SSD', price: localSsd },
  ];
  const found = charges.filter((charge) => charge !== undefined);
  if (!onVertex(setting)) return found;
  return (
    found
      // It is not on Vertex AI's bill.
      .filter(({ kind }) => kind !== 'local-ssd')
      .map((charge) => ({ ...charge, price: vertexOnDemand(charge.price, region) }))
  );
}

function attachedCharge(
  gpu: Configuration['gpu'],
  region: string,
  usage: Setting['usage'],
): Charge | undefined {
  if (gpu?.attached !== true) return undefined;
  const price = timesPrice(gpuPrice(gpu.type, region, usage), gpu.count);
  return { kind: 'gpu', what: `${gpu.count} x ${gpu.type}`, price };
}

/** Whole machines: the parts of a Spot price are of different days. */
function spotCharges(configuration: Configuration, setting: Setting): readonly Charge[] {
  const { machineType, gpu } = configuration;
  const { region, now } = setting;
  const onDemand = machinePrice(machineType, region, 'on-demand');
  const included = gpu !== undefined && !gpu.attached ? ` with ${gpu.count} x ${gpu.type}` : '';
  const machine: Charge = {
    kind: 'machine',
    what: `${machineType}${included}`,
    price: agedSpot(machinePrice(machineType, region, 'spot'), onDemand, now),
  };
  const attached = attachedCharge(gpu, region, 'spot');
  const attachedOnDemand = attachedCharge(gpu, region, 'on-demand');
  const charges = [
    vertexIf(machine, withoutLocalSsd(machineType, region), setting),
    ...(attached === undefined || attachedOnDemand === undefined
      ? []
      : [
          vertexIf(
            { ...attached, price: agedSpot(attached.price, attachedOnDemand.price, now) },
            attachedOnDemand.price,
            setting,
          ),
        ]),
  ];
  return charges;
}

function vertexIf(charge: Charge, feeOf: Price, setting: Setting): Charge {
  return onVertex(setting) ? { ...charge, price: vertexSpot(charge.price, feeOf, setting.region) } : charge;
}

/** The fee is of cores, memory and GPUs. */
function withoutLocalSsd(machineType: string, region: string): Price {
  const whole = machinePrice(machineType, region, 'on-demand');
  const { localSsd } = machineParts(machineType, region, 'on-demand');
  if (localSsd === undefined || !isPriced(localSsd) || !isPriced(whole)) return whole;
  return {
    ...whole,
    usd: { low: whole.usd.low - localSsd.usd.high, high: whole.usd.high - localSsd.usd.low },
  };
}
