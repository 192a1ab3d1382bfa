import { seededRandom } from '../sandbox/http/faults.ts';

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
export const ALNUM = `${UPPER}${LOWER}${DIGITS}`;
const HEX = `${DIGITS}abcdef`;

/** Made-up characters, the same in every run. Put together here, so that no scanner takes this file for a leak. */
export function chance(length: number, alphabet = ALNUM, seed = length): string {
  const random = seededRandom(seed + 1);
  return Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)] ?? '').join('');
}

export interface Sample {
  readonly title: string;
  readonly text: string;
  /** The ids of what is to be found, in order. */
  readonly rules: readonly string[];
  /** The secrets in it: no output may contain them. */
  readonly values: readonly string[];
}

function one(title: string, rule: string, value: string, text = `export THE_THING ${value} # end`): Sample {
  return { title, text, rules: [rule], values: [value] };
}

const keyBody = Array.from(
  { length: 6 },
  (_, line) => `${line === 0 ? 'MIIE' : ''}${chance(line === 0 ? 60 : 64, ALNUM, line)}`,
);
export const pem = `-----BEGIN PRIVATE KEY-----\n${keyBody.join('\n')}\n-----END PRIVATE KEY-----\n`;
const encrypted = `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,${chance(32, HEX)}\n\n${keyBody.join('\n')}\n-----END RSA PRIVATE KEY-----`;
const serviceAccountKey = JSON.stringify({
  type: 'service_account',
  project_id: 'ml-lab',
  private_key_id: chance(40, HEX),
  private_key: pem,
  client_email: 'trainer@ml-lab.iam.gserviceaccount.com',
});

/** One secret a line at most, each kind at least once. */
export const SAMPLES: readonly Sample[] = [
  one('a Google API key', 'gcp-api-key', `AIza${chance(35)}`),
  one('an OAuth access token', 'costguard-gcp-oauth-token', `ya29.${chance(120)}`),
  one('an OAuth client secret', 'costguard-gcp-oauth-client-secret', `GOCSPX-${chance(28)}`),
  one('an AWS access key id', 'aws-access-token', `AKIA${chance(16, `${UPPER}234567`)}`),
  one(
    'an AWS secret key',
    'costguard-aws-secret-access-key',
    chance(40, ALNUM, 7),
    `AWS_SECRET_ACCESS_KEY=${chance(40, ALNUM, 7)}`,
  ),
  one('a Hugging Face token', 'huggingface-access-token', `hf_${chance(34, UPPER + LOWER)}`),
  one(
    'a Hugging Face organization token',
    'huggingface-organization-api-token',
    `api_org_${chance(34, LOWER)}`,
  ),
  one('an old OpenAI key', 'openai-api-key', `sk-${chance(20)}T3BlbkFJ${chance(20, ALNUM, 3)}`),
  one('a new OpenAI key', 'openai-api-key', `sk-proj-${chance(74)}T3BlbkFJ${chance(74, ALNUM, 4)}`),
  one('an Anthropic key', 'anthropic-api-key', `sk-ant-api03-${chance(93)}AA`),
  one('a Groq key', 'costguard-groq-api-key', `gsk_${chance(52)}`),
  one(
    'a Weights & Biases key',
    'costguard-wandb-api-key',
    chance(40, HEX),
    `WANDB_API_KEY=${chance(40, HEX)}`,
  ),
  one('a classic GitHub token', 'github-pat', `ghp_${chance(36)}`),
  one('a fine-grained GitHub token', 'github-fine-grained-pat', `github_pat_${chance(82)}`),
  one('a GitLab token', 'gitlab-pat', `glpat-${chance(20)}`),
  one('an npm token', 'npm-access-token', `npm_${chance(36)}`),
  one(
    'an npm registry token',
    'costguard-npm-auth-token',
    chance(32),
    `//registry.npmjs.org/:_authToken=${chance(32)}`,
  ),
  one('a PyPI token', 'pypi-upload-token', `pypi-AgEIcHlwaS5vcmc${chance(80)}`),
  one('a Databricks token', 'databricks-api-token', `dapi${chance(32, HEX)}`),
  one(
    'a Slack bot token',
    'slack-bot-token',
    `xoxb-${chance(12, DIGITS)}-${chance(12, DIGITS, 2)}-${chance(24)}`,
  ),
  one(
    'a Slack webhook',
    'slack-webhook-url',
    `https://hooks.slack.com/services/T${chance(8)}/B${chance(8, ALNUM, 2)}/${chance(24)}`,
  ),
  one('a SendGrid key', 'sendgrid-api-token', `SG.${chance(22)}.${chance(43)}`),
  one('a Stripe key', 'stripe-access-token', `sk_live_${chance(24)}`),
  one('a Shopify token', 'shopify-access-token', `shpat_${chance(32, HEX)}`),
  one('a Grafana token', 'grafana-cloud-api-token', `glsa_${chance(32)}_${chance(8, HEX)}`),
  one('a Linear key', 'linear-api-key', `lin_api_${chance(40)}`),
  one('a Notion token', 'notion-api-token', `ntn_${chance(11, DIGITS)}${chance(35)}`),
  one('a 1Password token', '1password-service-account-token', `ops_ey${chance(200)}fQ`),
  one('a Vault token', 'vault-service-token', `hvs.${chance(95)}`),
  one('a Vercel token', 'costguard-vercel-token', `vcp_${chance(40)}`),
  one('a Docker token', 'costguard-docker-pat', `dckr_pat_${chance(27)}`),
  one('a Figma token', 'costguard-figma-pat', `figd_${chance(44)}`),
  one('a Cloudflare token', 'cloudflare-api-key', `cfut_${chance(40)}${chance(8, HEX)}`),
  one('a Tailscale key', 'costguard-tailscale-key', `tskey-auth-${chance(16)}-${chance(32)}`),
  one('a JSON Web Token', 'jwt', `eyJ${chance(30)}.eyJ${chance(60)}.${chance(43)}`),
  one('an HMAC access id', 'costguard-gcs-hmac-key', `GOOG1E${chance(57, UPPER + DIGITS)}`),
  one('a PEM key', 'private-key', pem.trimEnd(), pem),
  one(
    'a PEM key on one line, with \\n',
    'private-key',
    pem.trimEnd(),
    `KEY="${pem.replaceAll('\n', '\\n')}"`,
  ),
  one('an encrypted PEM key', 'private-key', encrypted, encrypted),
  one('a service account key', 'private-key', pem.trimEnd(), serviceAccountKey),
  one(
    'a service account key inside a string',
    'private-key',
    pem.trimEnd(),
    JSON.stringify({ script: `echo '${serviceAccountKey}' > k` }),
  ),
  one(
    'a Postgres URL',
    'costguard-url-credentials',
    chance(16),
    `DATABASE_URL=postgresql://app:${chance(16)}@10.1.2.3/db`,
  ),
  one(
    'a MongoDB URL',
    'costguard-url-credentials',
    chance(14),
    `mongodb+srv://app:${chance(14)}@cluster0.mongodb.net/app`,
  ),
  one(
    'basic authentication',
    'costguard-url-credentials',
    chance(12),
    `curl https://ada:${chance(12)}@models.example.com/x`,
  ),
  one('a password in a variable', 'costguard-password', 'Tr0ub4dor&3', 'DB_PASSWORD=Tr0ub4dor&3'),
  one('a password of words', 'costguard-password', 'changeme', 'export ADMIN_PASSWORD="changeme"'),
  one('a token in a variable', 'generic-api-key', chance(32), `MY_SERVICE_TOKEN=${chance(32)}`),
  one('a key in YAML', 'generic-api-key', chance(28), `  apiKey: "${chance(28)}"`),
  {
    title: 'two of different kinds in one script',
    text: `#!/bin/bash\nexport HF=hf_${chance(34, UPPER + LOWER)}\ngit clone https://x:${chance(20)}@github.com/a/b`,
    rules: ['huggingface-access-token', 'costguard-url-credentials'],
    values: [`hf_${chance(34, UPPER + LOWER)}`, chance(20)],
  },
];

/** What looks like a credential and is none. */
export const HARMLESS: readonly (readonly [title: string, text: string])[] = [
  ['a reference to Secret Manager', 'API_KEY=sm://projects/ml-lab/secrets/api-key/versions/latest'],
  ['a resource name of Secret Manager', 'TOKEN: projects/123456789012/secrets/hub-token/versions/3'],
  ['a shell variable', 'DB_PASSWORD=${DB_PASSWORD}'],
  ['a command that reads the secret', 'export TOKEN=$(gcloud secrets versions access latest --secret=hub)'],
  ['a template', 'password: {{ .Values.password }}'],
  ['a person to fill it in', 'API_KEY=<insert your key>'],
  ['a placeholder', 'api_key: your-api-key-goes-here-12345'],
  ['a masked value', 'PASSWORD=********'],
  ['a mounted file', 'GOOGLE_APPLICATION_CREDENTIALS_KEY=/var/secrets/google/key.json'],
  ['an object', 'KEY_FILE_TOKEN=gs://ml-lab-config/token.json'],
  ['a flag', 'USE_AUTH_TOKEN=true'],
  ['a number', 'MAX_TOKENS=4096'],
  ['a name of a key', 'labelKey=costguard-keep'],
  ['an e-mail address', 'auth_user: trainer@ml-lab.iam.gserviceaccount.com'],
  ['a UUID', 'secret_id=123e4567-e89b-12d3-a456-426614174000'],
  ['a digest', 'IMAGE_KEY=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'],
  ['the example of AWS', 'AKIAIOSFODNN7EXAMPLE'],
  ['a URL without a password', 'https://models.example.com:8443/v1/predict'],
  ['a user without a password', 'https://ada@models.example.com/'],
  ['a URL with a variable', 'postgresql://app:${PASSWORD}@10.1.2.3/db'],
  ['a heading of a key', '# paste -----BEGIN PRIVATE KEY----- and so on here'],
  ['a public key', `-----BEGIN PUBLIC KEY-----\n${chance(64)}\n-----END PUBLIC KEY-----`],
  ['an SSH key of a user', `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${chance(43)} ada@laptop`],
  ['a word with hf_ inside', `self_${chance(34, LOWER)}`],
  ['words', 'tokenizer=bert-base-uncased, keyword: finetune-the-model'],
];
