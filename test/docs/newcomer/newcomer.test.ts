/**
 * A new user, in a folder of their own outside the repository, with the packed library and the pages: every command
 * is typed as it stands there, every file is saved as it is shown, and somebody signs in. What they saw is in
 * `transcripts/`; `npx vitest run --project docs newcomer -u` writes it again.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { ANY_PORT, type Application, startApplication } from '../harness/application.ts'
import { type Seen, visitor } from '../harness/visitor.ts'
import { blocks, fileOn, page, ROOT } from '../pages.ts'
import { type Registry, startRegistry } from './registry.ts'
import { openTerminal, type Terminal } from './terminal.ts'

const FIRST = 'docs/getting-started.md'
const TARBALL = 'sojourn-0.1.0.tgz'
const CREDENTIALS = { name: 'ada', password: 'difference engine' }
const COMPILER_OPTIONS = {
  strict: true,
  noEmit: true,
  target: 'es2023',
  lib: ['es2024', 'dom'],
  module: 'nodenext',
  types: ['node'],
  allowImportingTsExtensions: true,
  // Koa's and Hono's own types do not check.
  skipLibCheck: true,
}

const folder = mkdtempSync(join(tmpdir(), 'sojourn-newcomer-'))
let registry: Registry
let application: Application | undefined

beforeAll(async () => {
  registry = await startRegistry()
  // `npm test` has built it. Packed as the page says, but not beside the repository.
  const [, pack = ''] = commands(FIRST)
  execFileSync('bash', ['-ec', pack.replace('--pack-destination ..', '--pack-destination "$0"'), folder], {
    cwd: ROOT,
    stdio: 'pipe',
  })
}, 60_000)

afterEach(async () => {
  await application?.stop('SIGKILL')
})

afterAll(() => {
  registry.close()
  rmSync(folder, { recursive: true, force: true })
}, 60_000)

it('packs the library as the page says', () => {
  const [build, pack] = commands(FIRST)
  expect(build).toBe('npm run build')
  expect(pack).toMatch(/^npm pack .* --pack-destination \.\.$/)
  expect(readdirSync(folder)).toEqual([TARBALL])
})

it.each(['express', 'fastify', 'hono', 'koa', 'node', 'web'])(
  'signs in with %s, from an empty folder and the pages alone',
  { timeout: 60_000 },
  async (name) => {
    const path = `docs/getting-started/${name}.md`
    const terminal = newTerminal(name)
    const [, , ...prepare] = commands(FIRST)
    const [start, ...install] = commands(path).toReversed()
    for (const command of [...prepare, ...install.toReversed()]) await terminal.type(command)
    save(terminal, FIRST, 'your-app.ts')
    for (const { file } of logins(path)) save(terminal, path, file)
    expect(complaints(terminal)).toBe('')

    const ada = visitor(await started(terminal, start))
    await visit(terminal, 'GET /', () => ada.get('/'))
    const fields = new URLSearchParams(CREDENTIALS)
    await visit(terminal, `POST /sign-in ${fields.toString()}`, () => ada.post('/sign-in', CREDENTIALS))
    await visit(terminal, 'GET /', () => ada.get('/'))
    await stopped(terminal)

    const again = ada.copy(await started(terminal, start))
    await visit(terminal, 'GET /', () => again.get('/'))
    await visit(terminal, 'POST /sign-out', () => again.post('/sign-out'))
    await visit(terminal, 'GET /', () => again.get('/'))
    await stopped(terminal)
    await expect(terminal.transcript).toMatchFileSnapshot(`transcripts/${name}.txt`)
  },
)

function newTerminal(name: string): Terminal {
  const cwd = join(folder, name)
  mkdirSync(cwd)
  copyFileSync(join(folder, TARBALL), join(cwd, TARBALL))
  return openTerminal({ cwd, home: folder, registry: registry.url })
}

/** The lines of the page's shell blocks. */
function commands(path: string): readonly string[] {
  return blocks(page(path), 'sh').flatMap(({ code }) => code.trim().split('\n'))
}

/** What the section about the login has the reader save. */
function logins(path: string): readonly { readonly file: string }[] {
  const [text = ''] = page(path).text.split('\n## Typed data')
  return blocks({ path, text }, 'ts').map(({ file = '' }) => ({ file }))
}

function save(terminal: Terminal, path: string, file: string): void {
  writeFileSync(join(terminal.cwd, file), fileOn(path, file))
  terminal.note(`(saves ${file} as on ${path})`)
}

/** What the compiler of their editor would say. */
function complaints({ cwd }: Terminal): string {
  writeFileSync(join(cwd, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER_OPTIONS }))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  return spawnSync(process.execPath, [tsc, '-p', cwd, '--pretty', 'false'], { encoding: 'utf8' }).stdout
}

async function started({ cwd, env, note }: Terminal, command = ''): Promise<string> {
  const [program, ...args] = command.split(' ')
  expect(program).toBe('node')
  note(`$ ${command}`)
  application = await startApplication({ cwd, args, env }, [ANY_PORT])
  return application.url
}

async function stopped({ note }: Terminal): Promise<void> {
  await application?.stop()
  note(`${application?.printed()}^C`)
}

async function visit({ note }: Terminal, what: string, ask: () => Promise<Seen>): Promise<void> {
  const { status, headers, cookies, body } = await ask()
  const shown = ['location', 'content-type', 'cache-control'].map(
    (name) => [name, headers.get(name)] as const,
  )
  const lines = [
    ...shown.filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}`),
    ...cookies.map((line) => `set-cookie: ${line.replace(/sjs_[\w-]{88}/, 'sjs_<88 characters>')}`),
  ]
  note([`> ${what}`, `< ${status}`, ...lines.map((line) => `< ${line}`), ...bodyLines(body)].join('\n'))
}

function bodyLines(body: string): readonly string[] {
  return body === ''
    ? []
    : body
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`)
}
