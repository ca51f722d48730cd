// Every failure that a person or a script can meet, in one closed table: the code is permanent, the exit status
// follows interfaces.md §3, the hint is what to try next. One place (src/cli.ts) prints them.

type ExitStatus = 1 | 2 | 3 | 4 | 5

const table = {
  defect: [1, 'This is a defect of Lifeboat. Run again with --verbose and report what it prints.'],

  usage: [2, 'Run the command with --help to see its arguments.'],
  'answer-needed': [2, 'Give the flag that answers the question, or run it on a terminal.'],
  'config-missing': [2, 'Write one here (`lifeboat schema` prints what it may hold), or name the file with --config.'],
  'config-invalid': [2, 'Correct the line named above; `lifeboat schema` prints what is allowed.'],
  'config-unknown-key': [2, 'Correct the key; `lifeboat schema` prints all of them.'],
  'literal-secret': [2, 'Write a reference instead: env:NAME, file:PATH or command:…'],
  'secret-unavailable': [2, 'Set what the reference names, then run the command again.'],
  'node-ambiguous': [2, 'Name the node by its id; `lifeboat inventory` lists them.'],
  'node-unknown': [2, '`lifeboat inventory` lists the nodes that the provider has.'],
  'move-unknown': [2, 'The moves are those under `moves:` in lifeboat.yaml.'],
  'after-cycle': [2, 'Remove one `after:` of the cycle.'],
  'version-mismatch': [2, 'Let the running controller finish, or stop it and run the command again.'],

  'source-unreachable': [3, 'Check the address and the network; a move whose inventory is stored can go on without the provider.'],
  'source-login': [3, 'Check user and password of this provider.'],
  'source-session-lost': [3, 'Run the command again; if it stays so, something ends the sessions of this account.'],
  'source-refused': [3, 'The account needs the right named above.'],
  'certificate-untrusted': [3, 'Compare the fingerprint with one from a source you trust, then pin it: tls: { fingerprint: "sha256:…" }'],
  'answer-malformed': [3, 'Something between here and the service answers in its place; look at the address and at proxies.'],
  'target-unreachable': [3, 'Check credentials, region and endpoint of the target.'],
  'target-refused': [3, 'Raise the quota or choose another size, then run `lifeboat migrate` again.'],
  'provision-failed': [3, 'Read the message of the provider above; `lifeboat migrate` goes on from here.'],
  'provision-busy': [3, 'Wait for the other operation on this stack to end.'],
  'tool-missing': [3, 'Install the program named above, or say where it is.'],
  'ssh-unreachable': [3, 'Check address, port and firewall of the node.'],
  'ssh-login': [3, 'Check user and key of this node.'],
  'host-key-changed': [3, 'If the node was really rebuilt, remove its line from known_hosts in the state folder.'],
  'node-failed': [3, 'Look at the node; the step is tried again by `lifeboat migrate`.'],
  'node-tool-missing': [3, 'Install the program on the node.'],
  'sync-failed': [3, 'Nothing was removed on either side; `lifeboat migrate` tries again.'],
  'disk-too-small': [3, 'Choose a larger disk for the target in lifeboat.yaml.'],
  'dns-unreachable': [3, 'Check address and port of the name server, or the way to the API of the DNS service.'],
  'dns-refused': [3, 'Check the key, token or credentials, their rights on this zone, and the clock of this machine.'],
  'database-unavailable': [3, 'Look at the log in the state folder; the next command starts it again.'],
  'state-disk-full': [3, 'Free space on the disk of the state folder, then run the command again: it goes on where it was.'],
  'database-unreachable': [3, 'Check what `database:` leads to, that server and the way there.'],
  'database-certificate': [3, 'Name the file of the authority that signed it (sslrootcert=FILE), and in the URL the host that it is for.'],
  timeout: [3, 'Try again; if it stays so, look at the other side.'],
  'credentials-needed': [3, 'Run the command again where the references can be resolved.'],
  'journal-changed': [
    3,
    'Keep the database and `reports/` as they are; a backup, or a report that was kept elsewhere (`--against FILE`), shows what was there.',
  ],
  'evidence-changed': [3, 'Keep `evidence/` as it is. Put back what is missing from a copy; or move the folder elsewhere, and a new log begins.'],
  'delivery-refused': [3, 'Compare the key under `hooks:` with the one that the sender has.'],
  'delivery-unreadable': [3, 'Set the sender up as docs/hooks.md says; a body that it was given of its own may differ.'],
  'hook-unknown': [2, 'Hooks are those under `hooks:` in lifeboat.yaml.'],
  'server-busy': [3, 'Try again a little later.'],
  'too-often': [3, 'Ask less often; the answer says when to come again.'],
  'caller-unknown': [3, 'Bring a token whose hash stands under `server.tokens` in lifeboat.yaml.'],
  'caller-may-not': [3, 'Use a token with the scope named above.'],
  'controller-unreachable': [3, 'Run the command again: it starts a controller.'],

  'gate-closed': [4, 'See what is named above, then `lifeboat approve` or `lifeboat migrate` again.'],
  'plan-changed': [4, 'Read the new plan with `lifeboat plan`, then migrate it.'],
  'plan-blocked': [4, 'Resolve the blockers named above.'],
  'names-changed': [
    4,
    'See who changed the name, and put it back. A move that has switched looks again by itself; one that ended before needs `lifeboat migrate`.',
  ],
  'names-unfit': [4, 'Correct the name at its name server, or take it out of lifeboat.yaml.'],
  'waiting-approval': [4, 'Run `lifeboat approve MOVE`.'],
  'waiting-after': [
    4,
    'Migrate the move named above. If it is not to move, take it out of `after:` (or `freezes:`), roll the waiting one back, and migrate that anew.',
  ],
  'over-budget': [4, 'The source serves again; see which step was slow, then approve again.'],
  'token-stale': [4, 'A newer execution of this move is at work; see `lifeboat status`.'],
  'attempt-over': [4, 'The node ended this attempt by itself; the source serves. Approve again.'],
  'owned-by-other': [4, 'Another state folder owns this node; use that one.'],
  'fence-unconfirmed': [4, 'Make sure that the source is off or cut off from everybody, and say so: `lifeboat failover MOVE --source-is-off`.'],
  'database-behind': [4, 'This database is an older copy: put the newer one back. Where none is left: `lifeboat migrate MOVE --database-is-newest`.'],
  'database-newer': [4, 'Use the newer Lifeboat on this machine, too.'],
  'executor-replaced': [4, 'Start it again; what it ran goes on elsewhere.'],
  'controller-busy': [4, 'Use the controller that runs, or stop it first.'],
  'cannot-follow': [4, 'Nobody can go back to that side any more. The other one serves on; `lifeboat finish` is what remains.'],
  'rollback-impossible': [4, 'See `lifeboat status` for what remains.'],
  'other-side-silent': [
    4,
    'Power the silent side on again: once it answers, the sealed one opens by itself or gives way to it; a fenced one is let go by `lifeboat rollback MOVE`. Or make sure that it is off, and say so: `lifeboat rollback MOVE --target-is-off` (`--source-is-off` on the way back).',
  ],
  'not-now': [4, 'See `lifeboat status` for what the move waits for.'],

  'rolled-back': [5, 'The source serves as before; the report says what happened.'],
} as const satisfies Record<string, readonly [ExitStatus, string]>

export type ErrorCode = keyof typeof table

/** What may stand beside a failure for machines: plain values, never a secret. */
export type Details = Readonly<Record<string, unknown>>

/** The one error class: a permanent code, one sentence with its number and limit, and the cause kept for --verbose. */
export class LifeboatError extends Error {
  readonly code: ErrorCode
  readonly details: Details

  constructor(code: ErrorCode, sentence: string, options: { details?: Details; cause?: unknown } = {}) {
    super(sentence, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'LifeboatError'
    this.code = code
    this.details = options.details ?? {}
  }
}

/** The exit status of a code; unknown codes (a newer controller) count as a defect. */
export function exitStatusOf(code: string): number {
  return isErrorCode(code) ? table[code][0] : 1
}

/** The hint printed after `Try:`. */
export function hintOf(code: string): string {
  return isErrorCode(code) ? table[code][1] : table.defect[1]
}

/**
 * The code of anything thrown. Errors that were stored and replayed by the workflow engine are plain `Error`s with
 * their code kept, so the code is read, never the class.
 */
export function codeOf(error: unknown): ErrorCode {
  if (typeof error === 'object' && error !== null && 'code' in error) {
    const { code } = error
    if (typeof code === 'string' && isErrorCode(code)) return code
  }
  return 'defect'
}

/** What anything thrown says; not everything that can be thrown can be written as text. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message
  try {
    return String(thrown)
  } catch {
    return 'something without words was thrown'
  }
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(table, code)
}
