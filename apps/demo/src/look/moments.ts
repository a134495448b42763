/** Instants for people: how long ago in words, the exact time when pointed at. */
import { type Content, html } from '../web/html.ts'

const relative = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto' })
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' })
const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long' })

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** "3 minutes ago". */
export function ago(at: number, now: number = Date.now()): string {
  const passed = now - at
  if (passed < MINUTE) return 'just now'
  if (passed < HOUR) return relative.format(-Math.floor(passed / MINUTE), 'minute')
  if (passed < DAY) return relative.format(-Math.floor(passed / HOUR), 'hour')
  if (passed < 30 * DAY) return relative.format(-Math.floor(passed / DAY), 'day')
  return `on ${day.format(at)}`
}

export function agoElement(at: number): Content {
  return timeElement(at, ago(at))
}

export function dayElement(at: number): Content {
  return timeElement(at, day.format(at))
}

function timeElement(at: number, text: string): Content {
  return html`<time datetime="${new Date(at).toISOString()}" title="${exact.format(at)}">${text}</time>`
}
