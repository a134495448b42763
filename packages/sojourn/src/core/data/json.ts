/**
 * Session data is JSON and nothing else: what is read back is exactly what was set. `JSON.stringify` alone
 * would quietly drop functions, turn `NaN` into null and dates into text, so values are looked at first.
 */
import { InputError } from '../errors.ts'

const DEEPEST = 64

/** JSON text of `value`. @throws InputError `DATA_NOT_JSON`, naming the place and never the value */
export function jsonText(value: unknown, path: string): string {
  const problem = firstProblem(value, path, 0)
  if (problem !== undefined) throw new InputError('DATA_NOT_JSON', `${problem} Store plain JSON values only.`)
  return JSON.stringify(value)
}

function firstProblem(value: unknown, path: string, depth: number): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number')
    return Number.isFinite(value) ? undefined : `${path} is ${value}, which JSON cannot hold.`
  if (typeof value !== 'object') return `${path} is of type ${typeof value}, which JSON cannot hold.`
  if (depth === DEEPEST) return `${path} is nested more than ${DEEPEST} levels deep, or refers to itself.`
  return Array.isArray(value) ? arrayProblem(value, path, depth) : objectProblem(value, path, depth)
}

function arrayProblem(items: readonly unknown[], path: string, depth: number): string | undefined {
  if (Reflect.ownKeys(items).length !== items.length + 1) return `${path} has holes, or more than its items.`
  for (const [index, item] of Object.entries(Object.getOwnPropertyDescriptors(items))) {
    if (index === 'length') continue
    const problem = memberProblem(item, `${path}[${index}]`, depth)
    if (problem !== undefined) return problem
  }
  return undefined
}

function memberProblem(member: PropertyDescriptor, path: string, depth: number): string | undefined {
  if (member.get !== undefined || member.set !== undefined) return `${path} is computed by a getter.`
  return firstProblem(member.value, path, depth + 1)
}

/** Whether it is an object of no class, which is all that JSON knows. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function objectProblem(value: object, path: string, depth: number): string | undefined {
  if (!isPlainObject(value)) {
    return `${path} is an instance of a class (${value.constructor?.name ?? 'unknown'}); what it means would be lost.`
  }
  if (Object.getOwnPropertySymbols(value).length > 0) return `${path} has a symbol as a key.`
  for (const [key, member] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
    if (key === 'toJSON' && typeof member.value === 'function') return `${path} has a toJSON method.`
    const problem = memberProblem(member, `${path}.${key}`, depth)
    if (problem !== undefined) return problem
  }
  return undefined
}
