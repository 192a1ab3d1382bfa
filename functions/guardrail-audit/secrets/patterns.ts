/** A kind of credential and how it looks. */
export interface SecretPattern {
  /** As gitleaks names it; `costguard-…` where gitleaks has none. */
  readonly id: string;
  readonly title: string;
  /** Global. The secret is the group `secret`, or the whole match. */
  readonly pattern: RegExp;
  /** Bits a character that the secret has at least. */
  readonly entropy?: number;
  /**
   * `itself`: a shape that nothing else has. Others are named by what stands beside them, and placeholders are no secrets:
   * `random` has to look like chance as well, `chosen` by people need not.
   */
  readonly looks: 'itself' | 'random' | 'chosen';
}

/** Not the middle of a longer word. */
const START = String.raw`(?<![\p{L}\p{N}_])`;

function shape(id: string, title: string, source: string, more: Partial<SecretPattern> = {}): SecretPattern {
  return { id, title, pattern: new RegExp(START + source, 'gu'), looks: 'itself', ...more };
}

/** `NAME=value`, `NAME: "value"`, `"name": "value"`, `--name value`. */
const ASSIGNED = String.raw`["']?\s{0,3}(?:=|:=|=>|:|\s)\s{0,3}["']?`;

/**
 * In the order of preference: where two match the same text, the first one names it. Ids, forms and entropies after gitleaks
 * (config/gitleaks.toml, MIT) and the rules of secretlint's recommended preset (MIT).
 */
export const SECRET_PATTERNS: readonly SecretPattern[] = [
  shape(
    'private-key',
    'Private key',
    String.raw`-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----\s*(?:[\w-]+:[^\n]{0,200}\n\s*){0,4}[A-Za-z0-9+/=\s]{40,20000}(?:-----END[ A-Z0-9_-]{0,100}-----)?`,
  ),
  shape('gcp-api-key', 'Google API key', String.raw`AIza[\w-]{35}(?![\w-])`, { entropy: 3.5 }),
  shape('costguard-gcp-oauth-token', 'Google OAuth access token', String.raw`ya29\.[\w-]{20,2000}`, {
    entropy: 3,
  }),
  shape(
    'costguard-gcp-oauth-client-secret',
    'Google OAuth client secret',
    String.raw`GOCSPX-[\w-]{28}(?![\w-])`,
    {
      entropy: 3,
    },
  ),
  shape(
    'aws-access-token',
    'AWS access key id',
    String.raw`(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA)[A-Z0-9]{16}(?![A-Z0-9])`,
    { entropy: 2.5 },
  ),
  {
    id: 'costguard-aws-secret-access-key',
    title: 'AWS secret access key',
    pattern: new RegExp(
      String.raw`(?:aws|secret)_?(?:secret)?_?(?:access)?_?key${ASSIGNED}(?<secret>[A-Za-z0-9/+=]{40})(?![A-Za-z0-9/+=])`,
      'giu',
    ),
    entropy: 3,
    looks: 'random',
  },
  shape('huggingface-access-token', 'Hugging Face token', String.raw`hf_[A-Za-z0-9]{34,40}(?![A-Za-z0-9])`, {
    entropy: 2,
  }),
  shape(
    'huggingface-organization-api-token',
    'Hugging Face organization token',
    String.raw`api_org_[A-Za-z]{34}`,
    {
      entropy: 2,
    },
  ),
  shape(
    'openai-api-key',
    'OpenAI API key',
    String.raw`sk-(?:(?:proj|svcacct|admin)-[\w-]{20,200}T3BlbkFJ[\w-]{20,200}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20})`,
    { entropy: 3 },
  ),
  shape('anthropic-api-key', 'Anthropic API key', String.raw`sk-ant-(?:api|admin)\d\d-[\w-]{80,130}`, {
    entropy: 3,
  }),
  shape('costguard-groq-api-key', 'Groq API key', String.raw`gsk_[A-Za-z0-9]{52}`, { entropy: 3 }),
  {
    id: 'costguard-wandb-api-key',
    title: 'Weights & Biases API key',
    pattern: new RegExp(
      String.raw`wandb(?:_api)?_?(?:key)?${ASSIGNED}(?<secret>[0-9a-f]{40})(?![0-9a-f])`,
      'giu',
    ),
    entropy: 3,
    looks: 'random',
  },
  shape('github-pat', 'GitHub token', String.raw`gh[pousr]_(?:\w{36,255}|\d{1,20}_[\w.-]{10,2000})`, {
    entropy: 3,
  }),
  shape('github-fine-grained-pat', 'GitHub fine-grained token', String.raw`github_pat_\w{82}`, {
    entropy: 3,
  }),
  shape('gitlab-pat', 'GitLab token', String.raw`glpat-[\w-]{20,128}`, { entropy: 3 }),
  shape('npm-access-token', 'npm token', String.raw`npm_\w{36}(?!\w)`, { entropy: 2 }),
  {
    id: 'costguard-npm-auth-token',
    title: 'npm registry token',
    pattern: /_authToken\s{0,3}=\s{0,3}(?<secret>[^$\s][^\s]{7,500})/gu,
    looks: 'chosen',
  },
  shape('pypi-upload-token', 'PyPI token', String.raw`pypi-AgEIcHlwaS5vcmc[\w-]{50,1000}`, { entropy: 3 }),
  shape('databricks-api-token', 'Databricks token', String.raw`dapi[a-fA-F0-9]{32}(?:-\d)?(?![a-fA-F0-9])`, {
    entropy: 3,
  }),
  shape(
    'slack-bot-token',
    'Slack token',
    String.raw`(?:xox[abeoprs]|xapp)-(?:[A-Za-z0-9]{1,80}-){1,8}[A-Za-z0-9]{1,80}`,
    {
      entropy: 2,
    },
  ),
  shape(
    'slack-webhook-url',
    'Slack webhook',
    String.raw`https://hooks\.slack\.com/services/T[A-Za-z0-9]{1,40}/B[A-Za-z0-9]{1,40}/[A-Za-z0-9]{1,40}`,
  ),
  shape('sendgrid-api-token', 'SendGrid API key', String.raw`SG\.[\w-]{1,128}\.[\w-]{2,256}`, { entropy: 3 }),
  shape('stripe-access-token', 'Stripe key', String.raw`[rs]k_(?:live|test|prod)_[A-Za-z0-9]{10,99}`, {
    entropy: 2,
  }),
  shape('shopify-access-token', 'Shopify token', String.raw`shp(?:at|ca|pa|ss)_[A-Za-z0-9]{32,64}`, {
    entropy: 2,
  }),
  shape(
    'grafana-cloud-api-token',
    'Grafana token',
    String.raw`gl(?:c_[A-Za-z0-9+/]{32,400}={0,2}|sa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8})`,
    {
      entropy: 3,
    },
  ),
  shape('linear-api-key', 'Linear API key', String.raw`lin_api_\w{32,128}`, { entropy: 2 }),
  shape('notion-api-token', 'Notion token', String.raw`ntn_[0-9]{11}[A-Za-z0-9]{35}`, { entropy: 3 }),
  shape('1password-service-account-token', '1Password token', String.raw`ops_ey[A-Za-z0-9+/=]{100,1300}`, {
    entropy: 3,
  }),
  shape('vault-service-token', 'Vault token', String.raw`hv[sbr]\.[\w-]{90,300}`, { entropy: 3 }),
  shape('costguard-vercel-token', 'Vercel token', String.raw`vc[aikpr]_[A-Za-z0-9]{20,60}`, { entropy: 3 }),
  shape('costguard-docker-pat', 'Docker token', String.raw`dckr_pat_[\w-]{27}`, { entropy: 3 }),
  shape('costguard-figma-pat', 'Figma token', String.raw`figd_[\w-]{40,200}`, { entropy: 3 }),
  shape('cloudflare-api-key', 'Cloudflare token', String.raw`cf(?:k|ut|at)_[A-Za-z0-9]{40}[0-9a-f]{8}`, {
    entropy: 3,
  }),
  shape('costguard-tailscale-key', 'Tailscale key', String.raw`tskey-[a-z]{2,20}-\w{8,40}-\w{16,60}`, {
    entropy: 3,
  }),
  shape(
    'jwt',
    'JSON Web Token',
    String.raw`ey[A-Za-z0-9]{17,}\.ey[\w/\\-]{17,4000}\.[\w/\\-]{10,2000}={0,2}`,
    { entropy: 3 },
  ),
  shape(
    'costguard-gcs-hmac-key',
    'Cloud Storage HMAC access id',
    String.raw`GOOG(?:1E[A-Z0-9]{57}|[A-Z0-9]{20})(?![A-Z0-9])`,
    {
      entropy: 3,
    },
  ),
  {
    id: 'costguard-url-credentials',
    title: 'Password in a URL',
    pattern:
      /(?<![\p{L}\p{N}_])[a-z][a-z0-9+.-]{1,30}:\/\/[^\s/:@"']{0,256}:(?<secret>[^\s/@"']{3,256})@[^\s/@"']/giu,
    looks: 'chosen',
  },
  {
    id: 'costguard-password',
    title: 'Password',
    pattern: new RegExp(
      String.raw`(?:password|passwd|passphrase|pwd)["']?\s{0,3}(?:=|:=|=>|:)\s{0,3}["']?(?<secret>[^\s"',;]{6,150})`,
      'giu',
    ),
    entropy: 2,
    looks: 'chosen',
  },
  {
    id: 'generic-api-key',
    title: 'Credential',
    pattern: new RegExp(
      String.raw`(?:access|auth|api|credential|creds|key|secret|token)[\w.-]{0,20}(?<![-_]id|Id)["']?\s{0,3}(?:=|:=|=>|:)\s{0,3}["']?(?<secret>[\w.=+/~-]{10,150})(?![\w.=+/~-])`,
      'giu',
    ),
    entropy: 3.5,
    looks: 'random',
  },
];
