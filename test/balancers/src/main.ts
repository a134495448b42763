/**
 * `npm run balancers`: three processes behind nginx and behind HAProxy, without affinity and with two kinds of it. One
 * process is killed under load, all three are restarted one after the other, and every answer is judged.
 *
 *     --json            one document on stdout: { "rows": [{ balancer, affinity, sessions, phase, requests, failed, … }] }
 *     --only nginx      this balancer only
 *     --seconds 20      how long the phases are in which nothing happens
 *     --visitors 25     how many people there are
 *
 * Last come two ways to do without a store that all share, for comparison: they are expected to lose sessions.
 *
 * Exits with 1 when a session is lost, an answer is wrong, or a request fails on a restart, with sessions in Redis; with 2
 * when it was called wrongly.
 */
import { parseArgs } from 'node:util'
import { chosen, misused } from '../../programs/command-line.ts'
import { startRedis } from 'sojourn-test-programs'
import { AFFINITIES, BALANCERS } from './balancers.ts'
import { cutOff, killed, restarted, steady } from './phases.ts'
import { HEAD, lineOf } from './table.ts'
import { type Row, startTrial, type TrialOptions } from './trial.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    visitors: { type: 'string', default: '25' },
  },
})

const seconds = wholeNumber('--seconds', values.seconds, 600)
const visitors = wholeNumber('--visitors', values.visitors, 200)
const balancers = chosen('--only', values.only, { from: BALANCERS, by: (name) => name })
const say = values.json
  ? (text: string): boolean => process.stderr.write(text)
  : (text: string): boolean => process.stdout.write(text)

const redis = await startRedis()
const rows: Row[] = []
try {
  say(HEAD)
  for (const affinity of AFFINITIES) await besideEachOther({ affinity, sessions: 'redis' })
  await besideEachOther({ affinity: 'cookie', sessions: 'process' })
  await besideEachOther({ affinity: 'none', sessions: 'copied' })
} finally {
  await redis.stop()
}
if (values.json) process.stdout.write(`${JSON.stringify({ visitors, seconds, rows }, undefined, 2)}\n`)
// Sockets that are kept alive would hold the process for some seconds.
process.exit(rows.some(isBad) ? 1 : 0)

async function besideEachOther(kind: Pick<TrialOptions, 'affinity' | 'sessions'>): Promise<void> {
  const all = await Promise.all(balancers.map((balancer) => rowsOf({ ...kind, balancer })))
  for (const row of all.flat()) {
    rows.push(row)
    say(lineOf(row))
  }
}

async function rowsOf(
  kind: Pick<TrialOptions, 'affinity' | 'sessions' | 'balancer'>,
): Promise<readonly Row[]> {
  const trial = await startTrial({ ...kind, pace: 'deployed', redisUrl: redis.url, visitors })
  try {
    if (kind.sessions === 'copied')
      return [
        await trial.phase('steady, 0.5 s', steady(500, seconds * 1000)),
        await trial.phase('one cut off', cutOff(100, 10)),
        await trial.phase('after that, 0.5 s', steady(500, seconds * 1000)),
      ]
    return [
      await trial.phase('steady, 0.5 s', steady(500, seconds * 1000)),
      await trial.phase('steady, 2 s', steady(2000, seconds * 1000)),
      await trial.phase('one killed', killed(100, 10)),
      await trial.phase('all restarted', restarted(100)),
      await trial.phase('after that, 0.5 s', steady(500, seconds * 1000)),
    ]
  } finally {
    await trial.stop()
  }
}

function isBad({ sessions, phase, failed, wrong, lost }: Row): boolean {
  return sessions === 'redis' && (wrong > 0 || lost > 0 || (phase !== 'one killed' && failed > 0))
}

function wholeNumber(option: string, text: string, most: number): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1 || value > most)
    misused(`${option}: write a whole number from 1 to ${most}.`)
  return value
}
