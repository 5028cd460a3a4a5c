/** Forgets the answers of idempotency keys that have expired, a little at a time. */
import type { Control } from '../control.ts'
import type { MetadataStore } from '../metadata/metadata.ts'
import { deleteKey, type Stored, unchanged } from '../model/record.ts'
import { type Remembered, rememberedKind } from '../once.ts'
import { createPacer, type Pacer } from '../pacer.ts'

const pageLimit = 50
const pace = { soonMs: 100, intervalMs: 60_000 }

export function startForgetAnswers({
  store,
  leadership,
  log,
}: Pick<Control, 'store' | 'leadership' | 'log'>): Pacer {
  return createPacer(async () => {
    if (!leadership.leads()) return
    try {
      await forgetAnswers(store, Date.now())
    } catch (error) {
      log.error(error, 'expired idempotency keys could not be removed; it is tried again')
    }
  }, pace)
}

/** Answers how many it forgot. */
export async function forgetAnswers(store: MetadataStore, nowMs: number): Promise<number> {
  let forgotten = 0
  let after: string | undefined
  for (;;) {
    const { items, more } = await store.range({
      prefix: rememberedKind.prefix,
      limit: pageLimit,
      ...(after === undefined ? {} : { after }),
    })
    const expired = items
      .map((entry) => rememberedKind.decode(entry))
      .filter(({ value }) => value.expiresAt <= nowMs)
    if (await remove(store, expired)) forgotten += expired.length
    after = items.at(-1)?.key
    if (!more) return forgotten
  }
}

/** False when one of them was used again meanwhile: the next run sees. */
async function remove(
  store: MetadataStore,
  expired: readonly Stored<Remembered>[],
): Promise<boolean> {
  if (expired.length === 0) return true
  const { succeeded } = await store.transact({
    compare: expired.map(unchanged),
    success: expired.map(({ key }) => deleteKey(key)),
  })
  return succeeded
}
