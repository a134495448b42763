/**
 * The style sheet, joined from its parts, the icon and the script, read once. Their addresses carry their hashes, so
 * browsers keep them for good.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Response } from 'express'

interface Asset {
  readonly path: string
  readonly type: string
  readonly body: Buffer
}

const SHEETS = ['roles', 'base', 'frame', 'controls', 'front', 'basket', 'people', 'diary', 'small'] as const

const styles = asset('styles.css', 'text/css', Buffer.concat(SHEETS.map(sheet)))
const favicon = asset('favicon.svg', 'image/svg+xml', readFileSync(new URL('favicon.svg', import.meta.url)))
const live = asset('live.js', 'text/javascript', readFileSync(new URL('live.js', import.meta.url)))

export const STYLES_PATH: string = styles.path
export const FAVICON_PATH: string = favicon.path
export const LIVE_SCRIPT_PATH: string = live.path

export const ASSETS: readonly Asset[] = [styles, favicon, live]

export function sendAsset(response: Response, { type, body }: Asset): void {
  response
    .set({
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    })
    .type(type)
    .send(body)
}

function sheet(name: string): Buffer {
  return readFileSync(new URL(`styles/${name}.css`, import.meta.url))
}

function asset(name: string, type: string, body: Buffer): Asset {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12)
  return { path: `/assets/${name.replace('.', `.${hash}.`)}`, type, body }
}
