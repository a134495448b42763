/**
 * F34. An answer that nobody asked for, or asked for long ago, comes in on a connection: from then on every answer on it
 * belongs to the question before. Each such answer is a whole and genuine one, of another session.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { FaultCase } from '../case.ts'
import { crossTalk } from '../checkers/cross-talk.ts'
import { drill } from '../drill.ts'
import { editingFrames } from '../frames.ts'
import { type Behind, boundOf, startProxyGround } from '../ground/proxy.ts'
import { now } from '../history.ts'

const SCALES = {
  short: { revoked: 10, staying: 20, perSecond: 150, revokeEveryMs: 250, times: 6, everyMs: 500 },
  full: { revoked: 100, staying: 100, perSecond: 400, revokeEveryMs: 250, times: 40, everyMs: 500 },
} as const

/** A header and a record, as `HMGET` answers them. */
const SESSION = /^\*2\r\n\$\d/

export const strayAnswers: FaultCase = {
  fault: 'F34',
  topology: 'redis',
  title: 'a stray answer, of another session, shifts all answers on a connection by one',
  needs: ['redis'],
  async run(lab) {
    const { times, everyMs, ...scale } = SCALES[lab.scale]
    const { apps, behind } = await startProxyGround(lab, { store: { fence: boundOf(lab).text } })
    const strays = behind.map(straying)
    return await drill(lab, {
      ...scale,
      apps,
      revokers: apps,
      boundMs: 0,
      async fault() {
        const before = behind.map(({ link }) => link.attempts())
        for (let time = 0; time < times; time++) {
          strays.forEach((stray) => stray.next())
          await delay(everyMs)
        }
        const recoversFrom = now()
        const replaced = behind.map(
          ({ driver, link }, index) => `${driver} ${link.attempts() - (before[index] ?? 0)}`,
        )
        const count = strays.reduce((sum, stray) => sum + stray.count(), 0)
        return {
          count,
          recoversFrom,
          recovering: behind.map(({ app }) => app),
          facts: [`stray answers: ${count}; connections that were made anew: ${replaced.join(', ')}`],
        }
      },
      findings: (history) => [
        {
          what: 'checks that found another’s session',
          violations: crossTalk(history).length,
          of: history.filter(({ op }) => op === 'verify').length,
        },
      ],
    })
  },
}

interface Straying {
  /** One more, as soon as a session is answered. */
  readonly next: () => void
  readonly count: () => number
}

function straying({ link }: Behind): Straying {
  let owed = 0
  let count = 0
  let older: Buffer | undefined
  link.edit(
    'answer',
    editingFrames((frame) => {
      if (!SESSION.test(frame.toString('latin1', 0, 8))) return frame
      const stray = older
      older = Buffer.from(frame)
      if (owed === 0 || stray === undefined || stray.equals(frame)) return frame
      owed--
      count++
      return Buffer.concat([stray, frame])
    }),
  )
  return { next: () => owed++, count: () => count }
}
