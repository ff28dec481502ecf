/**
 * How partition keys of the definitions table begin. The adapter builds keys from these, and the infrastructure bounds each
 * function's role by them (`dynamodb:LeadingKeys`), so that what a function may touch and what it asks for cannot differ.
 */
export const DEFINITION_PARTITIONS = {
  /** One user. */
  user: 'USER#',
  /** The list of users. */
  users: 'USERS',
  /** Who holds a username or an e-mail. */
  unique: 'UNIQUE#',
  /** One user's logins. */
  login: 'LOGIN#',
  /** One user's API keys. */
  apiKey: 'API_KEY#',
  /** Failed logins of an account or an address. */
  attempts: 'ATTEMPTS#',
  /** How many users and active admins there are. */
  counts: 'COUNTS',
  /** The public keys that tokens are verified with. */
  publicKeys: 'PUBLIC_KEYS',
  /** That the first admin was made. */
  firstAdmin: 'FIRST_ADMIN',
  /** Idempotency keys; the executions table has its own under the same. */
  idempotency: 'KEY#',
  /** One job, its versions, gaps and backfills. */
  job: 'JOB#',
  /** Who holds a job's, a worker's, a category's or a flow's name. */
  name: 'NAME#',
  /** Words that definitions are found by. */
  word: 'WORD#',
  /** How many jobs, workers, categories and flows there are. */
  definitionCounts: 'TALLY#',
  /** One registered worker. */
  worker: 'WORKER#',
  /** One category. */
  category: 'CATEGORY#',
  /** One flow, and its versions. */
  flow: 'FLOW#',
  /** The audit log. */
  audit: 'AUDIT',
} as const;
