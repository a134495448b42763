/** Options that are allowed and leave less between an application and an attack. */
import { type Finding, finding } from '../core/findings.ts'
import type { Examined } from './examine.ts'

export function judgeOptions({ transport = 'cookie', ...options }: Examined): readonly Finding[] {
  return [
    ...(transport === 'bearer' ? [] : judgeCookies(options)),
    ...(options.reauthenticateWithin === false ? [unasked()] : []),
  ]
}

function judgeCookies({ cookie, csrf }: Pick<Examined, 'cookie' | 'csrf'>): readonly Finding[] {
  const everywhere =
    cookie?.sameSite === 'none' ? ' The cookie is sent from every site (`sameSite: none`).' : ''
  const found: Finding[] = []
  if (csrf === false)
    found.push(
      finding('options-csrf-off', {
        seen: `\`csrf\` is false: writes that other sites' pages ask for are let through.${everywhere}`,
        fix: 'Leave `csrf` out, and name the origins that may write in `csrf.trustedOrigins`; or accept this where another check stands in front.',
      }),
    )
  if (typeof csrf === 'object' && csrf.mode === 'log')
    found.push(
      finding('options-csrf-log', {
        seen: `\`csrf.mode\` is log: writes that other sites' pages ask for are told about and let through.${everywhere}`,
        fix: "Write `mode: 'enforce'`, when the event csrf.rejected names nobody who should be let in.",
      }),
    )
  if (cookie?.unsafeDevelopmentName !== undefined)
    found.push(
      finding('options-development-cookie', {
        seen: 'The cookie has a development name and is sent without Secure.',
        fix: 'Leave `cookie.unsafeDevelopmentName` out wherever others than this machine connect.',
      }),
    )
  return found
}

function unasked(): Finding {
  return finding('options-no-reauthentication', {
    seen: '`reauthenticateWithin` is false: whoever holds one session may end all others of that user.',
    fix: 'Leave it out, for 10 minutes, or write another duration.',
  })
}
