/**
 * Debian's Chromium, without a window, over Playwright's protocol. It reaches loopback addresses only, because
 * nothing here asks it for any other.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type LaunchOptions } from 'playwright-core'
import { onTestFinished } from 'vitest'

export interface ChromiumOptions {
  /** Public keys of certificates that are believed although nobody signed them. Nothing else is. */
  readonly pins?: readonly string[]
  /** Keeps pages that were left, to show them again at "back". Default true, as for everybody. */
  readonly backForwardCache?: boolean
}

/** A browser for contexts that share nothing. The caller closes it. */
export function launchChromium(options: ChromiumOptions = {}): Promise<Browser> {
  return chromium.launch(launchOptions(options))
}

/** A context of its own, closed with the test. */
export async function newContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  return context
}

/** A profile on disk, to be opened again and again. Removed after the test. */
export function newProfile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-profile-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A browser that somebody starts with their profile; closing the context quits it. */
export async function openProfile(profile: string, options: ChromiumOptions = {}): Promise<BrowserContext> {
  const context = await chromium.launchPersistentContext(profile, launchOptions(options))
  onTestFinished(() => context.close())
  return context
}

function launchOptions({ pins = [], backForwardCache = true }: ChromiumOptions): LaunchOptions {
  return {
    executablePath: '/usr/bin/chromium',
    headless: true,
    // Root may not use the sandbox. Playwright adds --no-sandbox, and what keeps Chromium from calling home.
    chromiumSandbox: false,
    args: [
      '--disable-gpu',
      '--disable-quic',
      ...(pins.length === 0 ? [] : [`--ignore-certificate-errors-spki-list=${pins.join(',')}`]),
    ],
    ignoreDefaultArgs: backForwardCache ? ['--disable-back-forward-cache'] : [],
  }
}
