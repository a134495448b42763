/** The style sheet, joined from its parts, and the icon, read once. Their addresses carry their hashes, so browsers keep them for good. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Answer } from '../web/answer.ts'

const SHEETS = ['roles', 'base', 'frame', 'controls', 'front', 'basket', 'people', 'small'] as const

const styles = asset('styles.css', 'text/css; charset=utf-8', Buffer.concat(SHEETS.map(sheet)))
const favicon = asset('favicon.svg', 'image/svg+xml', read('favicon.svg'))

export const STYLES_PATH: string = styles.path
export const FAVICON_PATH: string = favicon.path

export const ASSETS: ReadonlyMap<string, Answer> = new Map(
  [styles, favicon].map(({ path, answer }) => [path, answer]),
)

function sheet(name: string): Buffer {
  return read(`styles/${name}.css`)
}

function read(file: string): Buffer {
  return readFileSync(new URL(file, import.meta.url))
}

function asset(name: string, type: string, body: Buffer): { readonly path: string; readonly answer: Answer } {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12)
  return {
    path: `/assets/${name.replace('.', `.${hash}.`)}`,
    answer: {
      status: 200,
      headers: { 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable' },
      body,
    },
  }
}
