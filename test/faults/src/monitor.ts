/** Every command that a Redis executes, as it tells whoever asks with `MONITOR`: a witness outside of all applications. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import type { RedisServer } from '../../programs/index.ts'
import type { Lab } from './case.ts'

/** Of every server of `test/programs`: nobody who ends the connections of applications ends this one. */
const OPERATOR = 'operator'

export interface Command {
  /** By the server's clock, milliseconds. */
  readonly at: number
  /** Whose: the other end of the connection. */
  readonly from: string
  /** In small letters. */
  readonly name: string
  /** With its arguments, as the server prints it. */
  readonly text: string
}

/** Calls `heard` for each command from now on. It ends with the case, or by the answer. */
export async function monitor(
  lab: Pick<Lab, 'clean'>,
  { port }: RedisServer,
  heard: (command: Command) => void,
): Promise<() => void> {
  const socket = connect(port, '127.0.0.1')
  const lines = createInterface(socket)
  lab.clean(() => socket.destroy())
  socket.write(`AUTH ${OPERATOR} ${OPERATOR}\r\nMONITOR\r\n`)
  await once(lines, 'line')
  lines.on('line', (line) => {
    const command = parsed(line)
    if (command !== undefined) heard(command)
  })
  return () => void socket.destroy()
}

/** `+1700000000.123456 [0 127.0.0.1:12345] "hmget" "key" …` */
const LINE = /^\+(\d+)\.(\d{3})\d* \[\d+ ([^\]]+)\] "([^"]+)"(.*)$/

function parsed(line: string): Command | undefined {
  const [, seconds = '', fraction = '', from = '', name = '', text = ''] = LINE.exec(line) ?? []
  if (name === '') return undefined
  return { at: Number(seconds) * 1_000 + Number(fraction), from, name: name.toLowerCase(), text }
}
