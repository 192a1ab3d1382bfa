import { messageOf } from '../errors.ts';
import { isPerimeterRefusal } from '../google/not-offered.ts';

/** What an error means for what could not be looked at. */
export function whyUnseen(error: unknown): string {
  return isPerimeterRefusal(error)
    ? `VPC Service Controls keep the switch out, whatever IAM allows: ${messageOf(error)}`
    : messageOf(error);
}
