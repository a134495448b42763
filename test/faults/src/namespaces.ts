/**
 * A network of one's own with loopback only, in which one address can be cut off from another, one way or both. Servers
 * and applications are each at an address of their own (`bind`, `connectFrom`), so that a cut between two addresses is
 * one between two machines. Connections that are there fall silent and stay open; new ones fail at once towards what is
 * cut off, and never come about in the other direction.
 *
 * The network has no name and nothing of it is on disk: it is gone when the last process in it has ended, however that
 * came about. @see ip-rule(8), unshare(1)
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

export interface Cuts {
  /** What leaves any of these does not arrive at any of those. Lasts until `heal`. */
  readonly oneWay: (from: readonly string[], to: readonly string[]) => void
  /** Neither side reaches the other. */
  readonly between: (one: readonly string[], other: readonly string[]) => void
  /** Ends all cuts. */
  readonly heal: () => void
}

const MARK = 'SOJOURN_FAULTS_NETWORK'
const CUT_PRIORITY = 10
/** Behind the cuts: at first the kernel looks for its own addresses before any other rule. */
const LOCAL_PRIORITY = 100
/** Redis connects from here when a connection from its own address fails. */
const UNBOUND = '127.0.0.1'

const AS_ROOT = ['--net']
const AS_ANYBODY = ['--user', '--map-root-user', '--net']

/** Whether this process is in a network of its own, made by `runInNetwork`. */
export function isInNetwork(): boolean {
  return process.env[MARK] === 'yes'
}

/** How a network is made here, or why it cannot be. */
export function waysToNetwork(): { readonly unshare: readonly string[] } | { readonly because: string } {
  const attempts = (process.getuid?.() === 0 ? [AS_ROOT] : [AS_ANYBODY]).map((unshare) => ({
    unshare,
    problem: problemWith(unshare),
  }))
  const good = attempts.find(({ problem }) => problem === undefined)
  return good ?? { because: `no network of its own can be made here: ${attempts[0]?.problem}` }
}

/** Runs a module in a new network as if it was called there; resolves with its exit code. It ends when this process does. */
export async function runInNetwork(
  unshare: readonly string[],
  [module, ...args]: readonly [string, ...string[]],
): Promise<number> {
  const command = ['--pdeathsig', 'KILL', 'unshare', ...unshare, process.execPath, module, ...args]
  const child = spawn('setpriv', command, { stdio: 'inherit', env: { ...process.env, [MARK]: 'yes' } })
  const [code] = (await once(child, 'close')) as [number | null]
  return code ?? 1
}

/** Once, in a network that has just been made. */
export function prepareNetwork(): void {
  for (const line of PREPARATION) execFileSync('ip', line)
}

export function createCuts(): Cuts {
  const rules = new Set<string>()

  function oneWay(from: readonly string[], to: readonly string[]): void {
    const wanted = from.flatMap((one) =>
      to.map((other) => `pref ${CUT_PRIORITY} from ${one} to ${other} blackhole`),
    )
    const added = wanted.filter((rule) => !rules.has(rule))
    for (const rule of added) rules.add(rule)
    change('add', added)
  }

  return {
    oneWay,
    between(one, other) {
      oneWay(one, other)
      oneWay(other, one)
      oneWay([UNBOUND], [...one, ...other])
    },
    heal() {
      change('del', [...rules])
      rules.clear()
    },
  }
}

const PREPARATION = [
  ['link', 'set', 'lo', 'up'],
  ['rule', 'add', 'pref', String(LOCAL_PRIORITY), 'lookup', 'local'],
  ['rule', 'del', 'pref', '0'],
] as const

/** All at once: a cut that comes about one address after another is another fault. */
function change(what: 'add' | 'del', rules: readonly string[]): void {
  if (rules.length === 0) return
  const input = rules.map((rule) => `rule ${what} ${rule}\n`).join('')
  execFileSync('ip', ['-batch', '-'], { input, stdio: ['pipe', 'ignore', 'inherit'] })
}

function problemWith(unshare: readonly string[]): string | undefined {
  const script = [
    ...PREPARATION.map((line) => `ip ${line.join(' ')}`),
    `ip rule add pref ${CUT_PRIORITY} from 127.0.0.2 to 127.0.0.3 blackhole`,
  ].join(' && ')
  const { status, error, stderr } = spawnSync('unshare', [...unshare, 'sh', '-c', script], {
    encoding: 'utf8',
  })
  if (status === 0) return undefined
  return error?.message ?? stderr.trim().split('\n').at(-1) ?? `unshare ended with ${status}`
}
