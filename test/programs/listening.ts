/** Who could reach a server process, by what the kernel says of its sockets. @see proc(5), /proc/net/tcp */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

const LISTENING = '0A'
/** 127.0.0.0/8 and ::1, as the kernel writes them: words of four bytes, the last one first. */
const LOOPBACK = /^(?:[0-9A-F]{6}7F|0{24}01000000)$/

/** Whether the process listens on an address that is not of this machine alone. */
export function anyoneCanReach(pid: number, proc = '/proc'): boolean {
  const process = `${proc}/${pid}`
  const own = socketsOf(process)
  return ['tcp', 'tcp6']
    .flatMap((table) => listeners(`${process}/net/${table}`))
    .some(({ inode, address }) => own.has(inode) && !LOOPBACK.test(address))
}

function socketsOf(process: string): ReadonlySet<string> {
  const links = readdirSync(`${process}/fd`).map((name) => targetOf(`${process}/fd/${name}`))
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []))
}

/** Of a descriptor that may be closed by now. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}

function listeners(table: string): readonly { readonly inode: string; readonly address: string }[] {
  if (!existsSync(table)) return []
  const [, ...rows] = readFileSync(table, 'utf8').trim().split('\n')
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTENING)
    .map((fields) => ({ inode: fields[9] ?? '', address: fields[1]?.split(':')[0] ?? '' }))
}
