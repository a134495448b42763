/**
 * What the answers of Redis and the failures of a driver mean to a caller. The first word of an answer is its code.
 *
 *     OOM                                          STORE_FULL          retryable, nothing was written
 *     READONLY, MISCONF, NOREPLICAS                STORE_READ_ONLY     retryable, nothing was written
 *     NOAUTH, WRONGPASS, NOPERM                    STORE_DENIED        nothing was written
 *     WRONGTYPE                                    STORE_FOREIGN       nothing was written
 *     ERR unknown command, a script that does
 *     not compile                                  STORE_UNSUPPORTED   nothing was written
 *     everything else: LOADING, BUSY, MASTERDOWN, CLUSTERDOWN, MOVED, a script that was
 *     stopped inside, a connection that was lost   STORE_UNAVAILABLE   retryable, nobody knows
 *
 * That nothing was written is certain because scripts say in their first line what they do, so the server refuses them
 * before they start; a wrong type is met by the first command inside, which reads. But a permission or a command that a
 * script lacks may be the one for its last step.
 *
 * What drivers throw may carry the arguments of the command (hashes of secrets, data), so only its text goes on, and not
 * that part of the text that quotes them.
 */
import { SystemError } from '../../core/errors.ts'

interface Meaning {
  readonly code: SystemError['code']
  readonly message: string
  readonly retryable: boolean
}

const FULL: Meaning = {
  code: 'STORE_FULL',
  message:
    'Redis has reached maxmemory; nothing was written. Raise maxmemory, or look for what fills it besides sessions.',
  retryable: true,
}
const DENIED = (message: string): Meaning => ({ code: 'STORE_DENIED', message, retryable: false })
const READ_ONLY = (message: string): Meaning => ({ code: 'STORE_READ_ONLY', message, retryable: true })
const UNAVAILABLE = (message: string): Meaning => ({ code: 'STORE_UNAVAILABLE', message, retryable: true })

/** By the first word of an answer, which may be any. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map(
  Object.entries({
    OOM: FULL,
    READONLY: READ_ONLY(
      'This Redis is a replica; nothing was written. It was demoted a moment ago, or the connection names a replica: connect to the primary.',
    ),
    MISCONF: READ_ONLY(
      'Redis cannot save to its disk and refuses writes; nothing was written. Look at its log and make room.',
    ),
    NOREPLICAS: READ_ONLY(
      'Too few replicas are connected to Redis (min-replicas-to-write); nothing was written. Bring them back.',
    ),
    NOAUTH: DENIED('Redis wants a password. Give the port `username` and `password`.'),
    WRONGPASS: DENIED(
      'Redis does not accept this user and password. Correct `username` and `password` of the port.',
    ),
    NOPERM: DENIED(
      'The Redis user may not do this. Allow it what docs/redis/acl.md lists, on the keys and channels of the prefix.',
    ),
    WRONGTYPE: {
      code: 'STORE_FOREIGN',
      message:
        'Something else stands at a key of the session store. It was left as it is; give the store a prefix of its own.',
      retryable: false,
    },
    LOADING: UNAVAILABLE('Redis is starting and still loads its data. Try again in a moment.'),
    BUSY: UNAVAILABLE('Redis is kept busy by a script. Find out whose it is; SCRIPT KILL ends it.'),
    MASTERDOWN: UNAVAILABLE('This Redis is a replica without its primary. Connect to the primary.'),
    CLUSTERDOWN: UNAVAILABLE('The Redis cluster does not serve all slots. Look at CLUSTER INFO.'),
  }),
)

const LACKING =
  'A script was stopped by Redis; it may have done a part of its work. Allow the user, and the server, all commands that docs/redis/acl.md lists.'

const UNSUPPORTED: Meaning = {
  code: 'STORE_UNSUPPORTED',
  message:
    'This server does not know a command that the session store needs. Use Redis 7.0 or Valkey, with none of its commands renamed.',
  retryable: false,
}

/** Inside a script, at the command that failed. */
const STOPPED_INSIDE = /^ERR .* on @user_script/s
/** A command that is not there, an option or a first line of a script that is not known. */
const NOT_KNOWN =
  /^ERR (?:unknown command|unsupported option|unexpected (?:engine|flag) in script|error compiling script)/i
/** Where an answer begins to quote what was sent, or a driver what was answered. */
const QUOTED = /(?:,? with args beginning with:| Last reply:).*$/s

/**
 * The `SystemError` for what a port threw. One of the port's own stays, unless it was refused when it connected; its
 * cause is what the driver said, of which the text is left.
 */
export function asSystemError(error: unknown): SystemError {
  if (error instanceof SystemError) return refusedAtConnecting(error) ?? withPlainCause(error)
  const cause = withTextAlone(error)
  const { code, message, retryable } = meaningOf(cause.message)
  return new SystemError(code, message, { retryable, cause })
}

/** A reply that no command of ours has. @see docs/errors/STORE_CORRUPT.md */
export function unexpectedReply(): SystemError {
  return new SystemError(
    'STORE_CORRUPT',
    'Redis answered something that the command cannot have as its answer. Look for a proxy in between, or for a client that is shared and changes how replies are read.',
  )
}

/** An answer that belongs to another question. What became of this one nobody knows. */
export function outOfStep(): SystemError {
  return new SystemError(
    'STORE_UNAVAILABLE',
    'Redis answered another question than was asked: the answers on a connection are no longer in step. Look for a proxy in between.',
    { retryable: true },
  )
}

function refusedAtConnecting({ cause }: SystemError): SystemError | undefined {
  return MEANINGS.get(wordOf(textOf(cause)))?.code === 'STORE_DENIED' ? asSystemError(cause) : undefined
}

function withPlainCause(error: SystemError): SystemError {
  if (error.cause === undefined || error.cause instanceof SystemError) return error
  const { code, message, retryable } = error
  return new SystemError(code, message, { retryable, cause: withTextAlone(error.cause) })
}

/** What it says and what its cause says, without what hangs on them, and without what was sent: that may be a password, too. */
export function withTextAlone(error: unknown): Error {
  const plain = new Error(unquoted(error))
  if (error instanceof Error && error.cause !== undefined) plain.cause = new Error(unquoted(error.cause))
  return plain
}

function unquoted(error: unknown): string {
  return textOf(error).replace(QUOTED, '')
}

/** Also where a driver throws what is no error. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function wordOf(text: string): string {
  return text.slice(0, text.search(/[ :]|$/))
}

function meaningOf(text: string): Meaning {
  const meaning = MEANINGS.get(wordOf(text))
  if (meaning !== undefined) return meaning
  if (STOPPED_INSIDE.test(text)) return UNAVAILABLE(`${LACKING} (${text})`)
  if (NOT_KNOWN.test(text)) return UNSUPPORTED
  return UNAVAILABLE(`Redis does not answer as it should (${text}). Check its health and the network to it.`)
}
