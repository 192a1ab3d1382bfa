/** A value that names where Secret Manager, or a mounted file, has the secret: the way to go. */
const REFERENCE =
  /^(?:sm:\/\/|(?:\/\/secretmanager\.googleapis\.com\/)?projects\/[^/]+\/secrets\/|gcp-?secret|vault:|ref\+|op:\/\/|secret:)/i;

/** `/etc/secrets/token`, `gs://bucket/key.json`, `./key.pem`: where a secret is, not the secret. */
const LOCATION = /^(?:\.{0,2}\/[\w.-]|~\/|gs:\/\/|s3:\/\/|https?:\/\/[^:@]*$|file:\/\/|[A-Za-z]:\\)/;

/** Filled in by something else: a shell, a template, a person. */
const TEMPLATE = /^\$|^%\w+%$|\{\{|\$\{|\$\(|^<[^>]*>$|^\[[^\]]*\]$|^@\w+/;

/** `password=changeme` is a password: people start services with it. These stand for a value that is not there. */
const WORDS =
  /^(?:true|false|null|none|nil|undefined|required|optional|enabled|disabled|prompt|removed|hidden|masked|todo|tbd|n\/a|unset|empty|your[-_].*|.*placeholder.*|.*redacted.*|insert[-_].*|replace[-_].*)$/i;

const EXAMPLE = /example/i;

const REPEATED = /^(.)\1*$|^[x*.#_-]+$|^(?:x{3,}|\*{3,})|^(?:1234567890|0123456789|abcdef)/i;

/** Plain words, numbers and identifiers of things: no random characters. */
const ORDINARY =
  /^[0-9.,:_-]+$|^[a-z]+(?:[-_./][a-z]+)*$|^[A-Z]+(?:_[A-Z]+)*$|^(?:v?\d+\.)+\d+|^[\w.+-]+@[\w-]+\.[\w.-]+$/;

/** SHA-256 digests, UUIDs and the like name versions and resources. */
const DIGEST = /^(?:sha\d+[:=-])|^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Whether a value refers to a secret that is kept elsewhere. */
export function isReference(value: string): boolean {
  return REFERENCE.test(value) || LOCATION.test(value) || TEMPLATE.test(value);
}

/**
 * Whether a value is no secret although what stands beside it says so: a reference, a placeholder, a number. `random`: the
 * value has to look like chance; a password need not, people choose words.
 */
export function isPlaceholder(value: string, random: boolean): boolean {
  if (isReference(value) || WORDS.test(value) || REPEATED.test(value) || DIGEST.test(value)) return true;
  return random && (ORDINARY.test(value) || EXAMPLE.test(value) || !/\d/.test(value));
}
