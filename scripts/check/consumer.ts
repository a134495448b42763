// A user of the library: installs the tarball without any driver or framework, compiles an import of every public
// entry with `skipLibCheck: false` under both module resolutions, and loads every entry. The adapters whose types name
// their framework's are loaded only; a door to a database's driver names what is missing.

import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { library } from '../fences/rules.ts'
import { root } from '../workspace.mjs'
import type { Packed } from './packed.ts'
import { runs } from './run.ts'

const strict = {
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
  target: 'es2023',
  types: ['node'],
}
const resolutions: Readonly<Record<string, object>> = {
  nodenext: { module: 'nodenext', lib: ['es2023'] },
  bundler: { module: 'esnext', moduleResolution: 'bundler', lib: ['es2023', 'dom'] },
}

/** Tells whether the packed library works for a consumer; problems are printed. */
export function checkConsumer({ folder, tarball }: Packed): boolean {
  const consumer = join(folder, 'consumer')
  mkdirSync(consumer)
  writeJson(join(consumer, 'package.json'), { private: true, type: 'module' })
  const install = ['install', '--prefer-offline', '--ignore-scripts', '--loglevel=error']
  if (
    !runs('npm', [...install, tarball, `@types/node@${installedVersion('@types/node')}`], { cwd: consumer })
  )
    return false
  const { entries, peers, drivers } = publicEntries(consumer)
  const typed = entries.filter((entry) => !peers.includes(entry))
  writeFileSync(join(consumer, 'entries.ts'), importsOf(typed))
  return [compiles(consumer), loads(consumer, { entries, drivers }), shipsWhatItNeeds(consumer)].every(
    Boolean,
  )
}

function compiles(consumer: string): boolean {
  const results = Object.entries(resolutions).map(([name, options]) => {
    const project = join(consumer, `tsconfig.${name}.json`)
    writeJson(project, { compilerOptions: { ...strict, ...options }, files: ['entries.ts'] })
    return runs('tsc', ['-p', project], { cwd: consumer })
  })
  return results.every(Boolean)
}

function loads(
  consumer: string,
  { entries, drivers }: { readonly entries: readonly string[]; readonly drivers: readonly string[] },
): boolean {
  const missing = drivers.map((driver) => `Cannot find package '${driver}'`)
  const script = `for (const entry of ${JSON.stringify(entries)})
    await import(entry).catch((error) => {
      if (!${JSON.stringify(missing)}.some((text) => error.message.startsWith(text))) throw error
    })`
  return runs('node', ['--no-warnings', '--input-type=module', '--eval', script], { cwd: consumer })
}

function shipsWhatItNeeds(consumer: string): boolean {
  const shipped = globSync('**/*', { cwd: join(consumer, 'node_modules', library.name) })
  const assets = globSync('**/*.{sql,lua}', { cwd: join(root, library.sources) })
  const missing = [...assets.map((file) => `dist/${file}`), 'README.md', 'LICENSE'].filter(
    (file) => !shipped.includes(file),
  )
  const surplus = shipped.filter((file) => /\.(test|fixture)\.|tsbuildinfo/.test(file))
  for (const file of missing) console.error(`${file} is missing in the tarball.`)
  for (const file of surplus) console.error(`${file} does not belong into the tarball.`)
  return missing.length + surplus.length === 0
}

function importsOf(entries: readonly string[]): string {
  const names = entries.map((_, index) => `entry${index}`)
  const imports = entries.map((entry, index) => `import * as ${names[index]} from '${entry}'`)
  return `${imports.join('\n')}\n\nexport const entries: readonly object[] = [${names.join(', ')}]\n`
}

/** The entries, those among them that are named after an optional peer, and the peers that no entry is named after: drivers. */
function publicEntries(consumer: string): {
  readonly entries: readonly string[]
  readonly peers: readonly string[]
  readonly drivers: readonly string[]
} {
  const manifest = readJson(join(consumer, 'node_modules', library.name, 'package.json'))
  const entries = Object.keys(manifest.exports)
    .filter((entry) => entry !== './package.json')
    .map((entry) => `${library.name}${entry.slice(1)}`)
  const entryOf = (peer: string): string => `${library.name}/${peer}`
  const optional = Object.keys(manifest.peerDependencies)
  const drivers = optional.filter((peer) => !entries.includes(entryOf(peer)))
  return { entries, peers: optional.map(entryOf), drivers }
}

function installedVersion(name: string): string {
  return readJson(join(root, 'node_modules', name, 'package.json')).version
}

function readJson(path: string): {
  readonly version: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly peerDependencies: Readonly<Record<string, string>>
} {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, JSON.stringify(value))
}
