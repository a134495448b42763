/**
 * A package registry on this machine that has what is installed in this repository, at the versions of its lock file.
 * `npm install` asks it as it would ask the public one, so a test that installs needs no network and meets no version
 * that was published this morning.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../pages.ts'

export interface Registry {
  readonly url: string
  close(): void
}

interface Manifest {
  readonly name: string
  readonly version: string
}

interface Installed {
  /** Relative to the repository. */
  readonly path: string
  readonly manifest: Manifest
}

const TARBALL = '/-/'
const run = promisify(execFile)

export async function startRegistry(): Promise<Registry> {
  const packages = installedPackages()
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-registry-'))
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/').slice(1)
    const answer = path.startsWith('-/')
      ? sendTarball(response, {
          folder,
          installed: packages.find((found) => fileOf(found) === path.slice(2)),
        })
      : sendDocument(response, { url, versions: packages.filter(({ manifest }) => manifest.name === path) })
    answer.catch((error: unknown) => response.destroy(error as Error))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    close() {
      server.closeAllConnections()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function installedPackages(): readonly Installed[] {
  const lock = readJson('node_modules/.package-lock.json') as {
    readonly packages: Readonly<Record<string, object>>
  }
  return Object.entries(lock.packages)
    .filter(([, entry]) => !('link' in entry))
    .map(([path]) => ({ path, manifest: readJson(`${path}/package.json`) as Manifest }))
}

interface Versions {
  readonly url: string
  readonly versions: readonly Installed[]
}

/** What there is of a package; the latest is the one that the repository itself imports. */
async function sendDocument(response: ServerResponse, { url, versions }: Versions): Promise<void> {
  const [hoisted] = versions.toSorted((left, right) => left.path.length - right.path.length)
  if (hoisted === undefined) {
    response.writeHead(404).end()
    return
  }
  const described = versions.map((installed) => {
    const { manifest } = installed
    const tarball = `${url}${TARBALL}${encodeURIComponent(fileOf(installed))}`
    return [manifest.version, { ...manifest, dist: { tarball } }] as const
  })
  const { name, version } = hoisted.manifest
  response.setHeader('content-type', 'application/json')
  response.end(
    JSON.stringify({ name, 'dist-tags': { latest: version }, versions: Object.fromEntries(described) }),
  )
}

interface Wanted {
  /** For what is made on the way. */
  readonly folder: string
  readonly installed: Installed | undefined
}

/** An installed package is what was published, without what npm put below it. */
async function sendTarball(response: ServerResponse, { folder, installed }: Wanted): Promise<void> {
  if (installed === undefined) {
    response.writeHead(404).end()
    return
  }
  const place = join(folder, fileOf(installed))
  mkdirSync(place, { recursive: true })
  symlinkSync(join(ROOT, installed.path), join(place, 'package'))
  const args = ['-chzf', '-', '-C', place, '--exclude=node_modules', 'package']
  const { stdout } = await run('tar', args, { encoding: 'buffer', maxBuffer: 256 * 1024 * 1024 })
  rmSync(place, { recursive: true })
  response.setHeader('content-type', 'application/octet-stream')
  response.end(stdout)
}

function fileOf({ manifest: { name, version } }: Installed): string {
  return `${name.replace('/', '-')}-${version}.tgz`
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
}
