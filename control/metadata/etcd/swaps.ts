/**
 * Transactions of which it is known whether they happened, also when etcd's answer is lost.
 *
 * Each runs in a slot: a key of this process that the transaction compares with what it held
 * before, and writes a note to. One that was not answered is settled: a second transaction, with
 * the same comparison, writes to the slot in its place. When that one holds, the first can never
 * happen any more, however late it arrives; when it does not hold, the slot tells what the first
 * has done.
 *
 *   free ──take──▶ asked ──answer──▶ free
 *                    └─no answer─▶ settling ──known──▶ free
 *                                     └─no answer in time──▶ given up: its key is not used again
 */
import { randomUUID } from 'node:crypto'
import { UnavailableError } from '../metadata.ts'
import {
  type Connection,
  type ICompare,
  type IRequestOp,
  type IResponseOp,
  RefusedByEtcd,
} from './connection.ts'
import { type KeySpace, revisionOf } from './keys.ts'
import { untilAnswered } from './retry.ts'

export interface Swap {
  readonly compare: ICompare[]
  readonly success: IRequestOp[]
  readonly failure: IRequestOp[]
  /** Whether the branch writes something: only then does it have to be known. */
  readonly writes: { readonly success: boolean; readonly failure: boolean }
}

export interface SwapResult {
  readonly succeeded: boolean
  readonly revision: number
  /** Missing when the answer was lost, and the slot alone told that it happened. */
  readonly responses?: readonly IResponseOp[]
}

export interface Swaps {
  run(swap: Swap): Promise<SwapResult>
  /** Forgets the slots of this process. */
  close(): Promise<void>
}

interface Slot {
  readonly key: string
  modRevision: number
}

type Verdict = SwapResult | 'never happened'

const slotsMax = 64
const waitingMax = 10_000

export function createSwaps(
  connection: Connection,
  slotKeys: KeySpace,
  settleLimitMs: number,
): Swaps {
  const owner = randomUUID()
  const free: Slot[] = []
  const waiting: ((slot: Slot) => void)[] = []
  let made = 0
  let busy = 0
  let count = 0

  const create = (): Slot => ({ key: `${owner}/${++made}`, modRevision: 0 })
  const take = async (): Promise<Slot> => {
    const slot = free.pop()
    if (!slot && busy >= slotsMax) {
      if (waiting.length >= waitingMax) throw new UnavailableError('too many writes wait for it')
      return new Promise((resolve) => waiting.push(resolve))
    }
    busy++
    return slot ?? create()
  }
  const give = (slot: Slot) => {
    const next = waiting.shift()
    if (next) return next(slot)
    busy--
    free.push(slot)
  }

  const attempt = async (slot: Slot, swap: Swap): Promise<Verdict> => {
    const note = String(++count)
    try {
      return await ask(connection, slotKeys, slot, swap, note)
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
      return settle(connection, slotKeys, slot, note, settleLimitMs)
    }
  }

  return {
    async run(swap) {
      let slot = await take()
      try {
        const verdict = await attempt(slot, swap)
        if (verdict !== 'never happened') return verdict
        // It is known to have changed nothing, so that this is no second time.
        const again = await attempt(slot, swap)
        if (again !== 'never happened') return again
        throw new UnavailableError('it did not answer in time; nothing was written')
      } catch (error) {
        if (!(error instanceof RefusedByEtcd)) slot = create()
        throw error
      } finally {
        give(slot)
      }
    },
    async close() {
      if (made === 0) return
      const key = slotKeys.inside(`${owner}/`)
      const range_end = slotKeys.end(`${owner}/`)
      const success = [{ request_delete_range: { key, range_end } }]
      await connection.transact({ success }).catch(() => undefined)
    },
  }
}

const unmoved = (slotKeys: KeySpace, { key, modRevision }: Slot): ICompare => ({
  key: slotKeys.inside(key),
  target: 'Mod',
  result: 'Equal',
  mod_revision: modRevision,
})

/** The caller's transaction lies inside: its own comparisons choose between its branches. */
async function ask(
  connection: Connection,
  slotKeys: KeySpace,
  slot: Slot,
  { compare, success, failure, writes }: Swap,
  note: string,
): Promise<SwapResult> {
  const branch = (operations: IRequestOp[], isWriting: boolean, outcome: string) =>
    isWriting ? [...operations, putNote(slotKeys, slot, `${note} ${outcome}`)] : operations
  const answer = await connection.transact({
    compare: [unmoved(slotKeys, slot)],
    success: [
      {
        request_txn: {
          compare,
          success: branch(success, writes.success, succeededNote),
          failure: branch(failure, writes.failure, failedNote),
        },
      },
    ],
  })
  const inner = answer.responses[0]?.response_txn
  if (!answer.succeeded || !inner)
    throw new Error(`the slot ${slot.key} was changed by somebody else; nothing was written`)
  const revision = revisionOf(answer)
  if (inner.succeeded ? writes.success : writes.failure) slot.modRevision = revision
  return { succeeded: inner.succeeded, revision, responses: inner.responses }
}

const succeededNote = 'succeeded'
const failedNote = 'failed'
const cancelledNote = 'cancelled'

const putNote = (slotKeys: KeySpace, { key }: Slot, note: string): IRequestOp => ({
  request_put: {
    key: slotKeys.inside(key),
    value: Buffer.from(`${note} ${new Date().toISOString()}`),
  },
})

function settle(
  connection: Connection,
  slotKeys: KeySpace,
  slot: Slot,
  note: string,
  limitMs: number,
): Promise<Verdict> {
  return untilAnswered(async () => {
    const answer = await connection.transact({
      compare: [unmoved(slotKeys, slot)],
      success: [putNote(slotKeys, slot, `${note} ${cancelledNote}`)],
      failure: [{ request_range: { key: slotKeys.inside(slot.key) } }],
    })
    const found = answer.responses[0]?.response_range?.kvs[0]
    return answer.succeeded
      ? moved(slot, revisionOf(answer), cancelledNote)
      : readNote(slot, note, found)
  }, limitMs)
}

/** What the slot tells: its own transaction's note, or that of an earlier try to settle it. */
function readNote(
  slot: Slot,
  note: string,
  found: { readonly value: Buffer; readonly mod_revision: string } | undefined,
): Verdict {
  const [number, outcome = ''] = found?.value.toString().split(' ') ?? []
  if (number !== note) throw new UnavailableError('it forgot whether the write was carried out')
  return moved(slot, Number(found?.mod_revision), outcome)
}

function moved(slot: Slot, revision: number, outcome: string): Verdict {
  slot.modRevision = revision
  return outcome === cancelledNote
    ? 'never happened'
    : { succeeded: outcome === succeededNote, revision }
}
