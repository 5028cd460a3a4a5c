/**
 * Idempotency keys: the effect of a create and the answer to it are one transaction, so that
 * repeating the request after any failure answers the same and creates nothing again.
 */
import { createHash } from 'node:crypto'
import type { Control } from './control.ts'
import { ControlError } from './errors.ts'
import type { Compare, Operation } from './metadata/metadata.ts'
import {
  absent,
  defineRecord,
  putRecord,
  readRecord,
  retryConflicts,
  unchanged,
} from './model/record.ts'

export interface OnceRequest {
  /** The Idempotency-Key; undefined: every request is a new one. */
  readonly key: string | undefined
  readonly operation: string
  readonly body: unknown
}

/** What a use case wants written, and what it answers when it was. */
export interface Change<T> {
  readonly compare: readonly Compare[]
  readonly operations: readonly Operation[]
  readonly answer: T
}

export interface Remembered {
  readonly requestHash: string
  readonly answer: unknown
  readonly expiresAt: number
}

export const rememberedKind = defineRecord<Remembered>('idempotency/', 1)

const rememberedForMs = 24 * 60 * 60 * 1000

/** Runs `attempt` until its compare-and-swap holds, unless the key was answered before. */
export function createOnce<T>(
  { store }: Pick<Control, 'store'>,
  request: OnceRequest,
  attempt: () => Promise<Change<T>>,
  now = Date.now,
): Promise<T> {
  // Hashed, so that any key is a short key of the store.
  const name = request.key === undefined ? undefined : sha256(request.key)
  const requestHash = sha256(canonical([request.operation, request.body]))

  return retryConflicts(async () => {
    const before = name === undefined ? undefined : await readRecord(store, rememberedKind, name)
    if (before && before.value.expiresAt > now()) {
      if (before.value.requestHash === requestHash) return before.value.answer as T
      throw new ControlError(
        'IDEMPOTENCY_KEY_REUSED',
        'This Idempotency-Key came with another request before; make a new key for each request.',
      )
    }
    const { compare, operations, answer } = await attempt()
    const expiresAt = now() + rememberedForMs
    const remember =
      name === undefined
        ? { compare: [], operations: [] }
        : {
            compare: [before ? unchanged(before) : absent(rememberedKind.prefix + name)],
            operations: [putRecord(rememberedKind, name, { requestHash, answer, expiresAt })],
          }
    const { succeeded } = await store.transact({
      compare: [...compare, ...remember.compare],
      success: [...operations, ...remember.operations],
    })
    return succeeded ? answer : undefined
  })
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** JSON with its keys in order: the same body, however it was written. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
