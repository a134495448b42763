/**
 * The main module of an application process: starts the application that the arguments name and does what the
 * harness says. Ends when the harness does.
 */
import { createGates } from './gates.ts'
import type { Commands, Listening, Question, Reply } from './messages.ts'
import type { ApplicationOptions } from './scenario.ts'
import type { Application, Place } from './system.ts'

const { module, place, options } = JSON.parse(process.argv[2] ?? '{}') as {
  module: string
  place: Place
  options: ApplicationOptions
}
const gates = createGates()
const { start } = (await import(module)) as Application
const running = await start({ place, options, pass: (gate) => gates.pass(gate) })

type Handlers = {
  readonly [Command in keyof Commands]: (input: Commands[Command]) => Promise<number | undefined>
}

const handlers: Handlers = {
  async arrived({ gate, count }) {
    await gates.arrived(gate, count)
    return undefined
  },
  async open({ gate }) {
    gates.open(gate)
    return undefined
  },
  ...running.store,
}

process.on('message', (question: Question) => void answer(question))
process.on('disconnect', () => process.exit(0))
send({ port: running.port })

async function answer({ id, command, input }: Question): Promise<void> {
  try {
    const handler = handlers[command] as (input: Commands[keyof Commands]) => Promise<number | undefined>
    const value = await handler(input)
    send(value === undefined ? { id } : { id, answer: value })
  } catch (error) {
    send({ id, error: String(error) })
  }
}

function send(message: Reply | Listening): void {
  if (process.connected) process.send?.(message)
}
