import type { Bucket } from '../../../shared/google/buckets.ts';
import type { BucketPolicy } from '../../../shared/policy/policy.ts';

/** The first policy that matches a bucket's name, labels and location. */
export function policyFor(bucket: Bucket, policies: readonly BucketPolicy[]): BucketPolicy | undefined {
  return policies.find(
    ({ match }) =>
      matchesGlob(match.name, bucket.name) &&
      matchesGlob(match.location.toLowerCase(), bucket.location.toLowerCase()) &&
      Object.entries(match.labels).every(([key, value]) => bucket.labels[key] === value),
  );
}

/** `*` stands for any run of characters, `?` for one. Linear in the text however many stars there are. */
function matchesGlob(glob: string, text: string): boolean {
  let [at, inText, star, from] = [0, 0, -1, 0];
  while (inText < text.length) {
    if (glob[at] === '*') {
      star = at++;
      from = inText;
    } else if (at < glob.length && (glob[at] === '?' || glob[at] === text[inText])) {
      at += 1;
      inText += 1;
    } else if (star >= 0) {
      at = star + 1;
      inText = ++from;
    } else return false;
  }
  return /^\**$/.test(glob.slice(at));
}
