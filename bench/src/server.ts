/**
 * The main module of a measured process: serves what the arguments name and reports the CPU time that this process
 * used between `begin` and `end`, all its threads together.
 */
import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { TargetModule, TargetOptions } from './target.ts'

export type ServerCommand = 'begin' | 'end'
export interface ServerReady {
  readonly port: number
  readonly requests: readonly string[]
}
export interface ServerUsage {
  readonly cpuMicros: number
  readonly storeCalls: number
}

const { module, options } = JSON.parse(process.argv[2] ?? '{}') as {
  module: string
  options: TargetOptions
}
const {
  listener,
  requests,
  storeCalls = () => 0,
} = await ((await import(module)) as TargetModule).start(options)
const server = createServer({ keepAliveTimeout: 600_000 }, listener)
server.listen(0, '127.0.0.1')
await once(server, 'listening')

let cpu = process.cpuUsage()
let calls = storeCalls()

process.on('disconnect', () => {
  rmSync(options.directory, { recursive: true, force: true })
  process.exit(0)
})
// Of the terminal: this process ends with the one that measures, however that ends.
process.on('SIGINT', () => undefined)
process.on('message', (command: ServerCommand) => {
  if (command === 'begin') {
    // No forced collection here: it throws away what the compiler has learnt, and doubles the cost of the round.
    calls = storeCalls()
    cpu = process.cpuUsage()
    process.send?.('begun')
    return
  }
  const { user, system } = process.cpuUsage(cpu)
  const usage: ServerUsage = { cpuMicros: user + system, storeCalls: storeCalls() - calls }
  process.send?.(usage)
})
const ready: ServerReady = { port: (server.address() as AddressInfo).port, requests }
process.send?.(ready)
