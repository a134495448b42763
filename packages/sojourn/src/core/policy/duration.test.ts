import { describe, expect, it } from 'vitest'
import { durationText, parseDuration, parseSize } from './duration.ts'

describe('a duration', () => {
  it.each([
    ['250ms', 250],
    ['0s', 0],
    ['30s', 30_000],
    ['15m', 900_000],
    ['12h', 43_200_000],
    ['14d', 1_209_600_000],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each<[unknown]>([
    [''],
    ['5'],
    ['m'],
    ['-5m'],
    ['+5m'],
    ['1.5h'],
    ['5 m'],
    [' 5m'],
    ['5m '],
    ['5m\n'],
    ['5M'],
    ['1w'],
    ['1e3s'],
    ['0x5s'],
    ['9999999999s'],
    ['NaNs'],
    ['Infinitys'],
    [5],
    [Number.NaN],
    [null],
    [undefined],
    [/5m/],
    [() => '5m'],
    [['5m']],
    [{}],
  ])('is not %j', (value) => {
    expect(parseDuration(value)).toBeUndefined()
  })

  it('is told in the largest unit that says it exactly', () => {
    for (const text of ['400d', '36h', '90m', '61s', '1001ms'] as const)
      expect(durationText(parseDuration(text) ?? 0)).toBe(text)
  })
})

describe('a size', () => {
  it.each([
    ['64B', 64],
    ['4KiB', 4096],
    ['1MiB', 1_048_576],
  ])('%s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  it.each<[unknown]>([['4'], ['4KB'], ['4kib'], ['-4B'], ['4.5KiB'], [4], [null]])('is not %j', (value) => {
    expect(parseSize(value)).toBeUndefined()
  })
})
