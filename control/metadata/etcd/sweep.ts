/** Forgets the slots of processes that were killed: those that nobody has used for a day. */
import { UnavailableError } from '../metadata.ts'
import { type Connection, RefusedByEtcd } from './connection.ts'
import type { KeySpace } from './keys.ts'

const idleMs = 24 * 60 * 60 * 1000
const sweptMax = 100

/**
 * A slot that is swept while its process lives makes one transaction fail there, and nothing else.
 */
export async function sweepSlots(
  connection: Connection,
  slotKeys: KeySpace,
  nowMs: number,
): Promise<void> {
  const { kvs } = await connection.range({
    key: slotKeys.inside(''),
    range_end: slotKeys.end(''),
    sort_target: 'Mod',
    sort_order: 'Ascend',
    limit: sweptMax,
  })
  const idle = kvs.filter(({ value }) => nowMs - Date.parse(timeOf(value)) > idleMs)
  if (idle.length === 0) return
  const success = idle.map(({ key }) => ({ request_delete_range: { key } }))
  try {
    await connection.transact({ success })
  } catch (error) {
    if (!(error instanceof UnavailableError || error instanceof RefusedByEtcd)) throw error
  }
}

/** The last word of a note: see swaps.ts. */
const timeOf = (value: Buffer) => value.toString().split(' ').at(-1) ?? ''
