/** A terminal whose owner does what a page says. Everything that is typed and answered is written down. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname } from 'node:path'
import { text } from 'node:stream/consumers'

export interface Terminal {
  /** Where the last command left off. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Types a command and waits for it. @throws Error when it fails */
  readonly type: (command: string) => Promise<void>
  /** Adds to the transcript. */
  readonly note: (lines: string) => void
  readonly transcript: string
}

export interface Owner {
  readonly cwd: string
  readonly home: string
  readonly registry: string
}

export function openTerminal({ cwd: start, home, registry }: Owner): Terminal {
  const env = environment(home, registry)
  let cwd = start
  let transcript = ''

  return {
    env,
    get cwd() {
      return cwd
    },
    get transcript() {
      return transcript
    },
    note(lines) {
      transcript += `${lines}\n`
    },
    async type(command) {
      const shell = spawn('bash', ['-ec', `${command}\npwd -P >&3`], {
        cwd,
        env,
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      })
      const [, out, err, place] = shell.stdio as readonly NodeJS.ReadableStream[]
      const [said, complained, where, [code]] = await Promise.all([
        ...[out, err, place].map((stream) => text(stream as NodeJS.ReadableStream)),
        once(shell, 'close') as Promise<[number | null]>,
      ] as [Promise<string>, Promise<string>, Promise<string>, Promise<[number | null]>])
      transcript += `$ ${command}\n${steady(said + complained)}`
      if (code !== 0)
        throw new Error(`A command of the page failed with ${code}:\n${transcript}${complained}`)
      cwd = where.trim()
    },
  }
}

/** That of a new user: nothing that `npm test` or this machine's owner has set. */
function environment(home: string, registry: string): Readonly<Record<string, string>> {
  const path = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter)
  return {
    PATH: path,
    HOME: home,
    LANG: 'C.UTF-8',
    npm_config_registry: registry,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  }
}

/** Without empty lines, counts and times. */
function steady(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  return lines.map((line) => line.replace(/^(added|changed) .* in \d+m?s$/, '$1 packages') + '\n').join('')
}
