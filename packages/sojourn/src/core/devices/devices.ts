/** What a device list shows of a client: a label for people, the address, and a hash to compare. */
import { hash } from 'node:crypto'
import bowser from 'bowser'
import type { StoredDevice } from '../roster.ts'

export interface Client {
  /** The User-Agent as received. Only its hash and a label are kept. */
  readonly userAgent?: string | undefined
  readonly address?: string | undefined
  /** Shown instead of what the User-Agent suggests; at most 64 characters are kept. */
  readonly label?: string | undefined
}

const LONGEST_USER_AGENT = 512
const LONGEST_LABEL = 64
const LONGEST_ADDRESS = 64
const MOST_REMEMBERED = 512
const UNKNOWN = 'Unknown device'

/** Parsing costs tens of microseconds and the world has few user agents: recent labels are remembered. */
const labels = new Map<string, string>()

export function deviceOf(client: Client): StoredDevice {
  const userAgent = client.userAgent?.slice(0, LONGEST_USER_AGENT) ?? ''
  return {
    label: client.label === undefined ? labelOf(userAgent) : printable(client.label, LONGEST_LABEL),
    address: printable(client.address ?? '', LONGEST_ADDRESS),
    userAgentHash: userAgent === '' ? '' : hash('sha256', userAgent, 'base64url').slice(0, 12),
  }
}

function labelOf(userAgent: string): string {
  const known = labels.get(userAgent)
  if (known !== undefined) return known
  const label = parseLabel(userAgent)
  if (labels.size === MOST_REMEMBERED) labels.clear()
  labels.set(userAgent, label)
  return label
}

function parseLabel(userAgent: string): string {
  if (userAgent === '') return UNKNOWN
  const { browser, os } = bowser.parse(userAgent)
  const name = [browser.name, os.name].filter((part) => part !== undefined && part !== '').join(' on ')
  return name === '' ? UNKNOWN : printable(name, LONGEST_LABEL)
}

/** Control characters and broken surrogates go; the text stays data wherever it is shown. */
function printable(text: string, longest: number): string {
  return text
    .replace(/\p{Cc}/gu, '')
    .slice(0, longest)
    .toWellFormed()
}
