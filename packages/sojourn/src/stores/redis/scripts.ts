/**
 * The Lua scripts as files beside this one, and how they are run: by their hash, and once with their text where the
 * server does not know them (a restart, a promoted replica, `SCRIPT FLUSH`).
 *
 * The line `#!lua` makes the server look before it starts whether the script may write; without it, it would find out
 * at the first write. With `allow-oom` it may also write when memory is full.
 */
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Acknowledged, CommandArgument, RedisPort, Reply } from './port.ts'

interface Script {
  readonly text: string
  readonly sha1: string
}

export interface Scripts {
  readonly commit: Script
  /** `commit` for changes that make room, or that must be noted at any price. */
  readonly commitWhenFull: Script
  readonly putDocument: Script
  /** The same for one that is there: everything is revoked by replacing a document. */
  readonly replaceDocument: Script
}

export interface ScriptCall {
  readonly script: Script
  /** The only key that it touches. */
  readonly key: string
  readonly values: readonly CommandArgument[]
}

/** **Cost**: reads the files; once for a store. */
export function loadScripts(): Scripts {
  const commit = textOf('./commit.lua')
  const putDocument = textOf('./put-document.lua')
  return {
    commit: script(`#!lua\n${commit}`),
    commitWhenFull: script(`#!lua flags=allow-oom\n${commit}`),
    putDocument: script(`#!lua\n${putDocument}`),
    replaceDocument: script(`#!lua flags=allow-oom\n${putDocument}`),
  }
}

/** Rejects with what the port rejects with. **Cost**: one round trip; a second one the first time after a server's start. */
export function runScript(port: RedisPort, call: ScriptCall): Promise<Reply> {
  const options = { key: call.key, readonly: false }
  return sendScript(call, (args) => port.command(args, options))
}

export interface Waiting {
  readonly replicas: number
  readonly timeoutMs: number
}

/** The same, and how many replicas have confirmed it. */
export function runScriptAndWait(port: RedisPort, call: ScriptCall, waiting: Waiting): Promise<Acknowledged> {
  return sendScript(call, (args) => port.writeAndWait(args, { key: call.key, ...waiting }))
}

type Send<T> = (args: readonly CommandArgument[]) => Promise<T>

async function sendScript<T>({ script: { sha1, text }, key, values }: ScriptCall, send: Send<T>): Promise<T> {
  try {
    return await send(['EVALSHA', sha1, '1', key, ...values])
  } catch (error) {
    if (!isUnknownScript(error)) throw error
    return send(['EVAL', text, '1', key, ...values])
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}

function script(text: string): Script {
  return { text, sha1: hash('sha1', text) }
}

function textOf(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8')
}
