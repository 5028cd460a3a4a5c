/**
 * Reads a page of records in the order of their names; a cursor is the last name of the page
 * before.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ControlError } from '../errors.ts'
import { pageLimitDefault } from '../http/schemas/common.ts'
import type { MetadataStore } from '../metadata/metadata.ts'
import type { RecordKind, Stored } from '../model/record.ts'

export interface PageQuery {
  readonly limit?: number
  readonly cursor?: string
}

export interface Page<T> {
  readonly items: readonly Stored<T>[]
  readonly nextCursor?: string
}

const scannedAtOnce = 500
const cursorVersion = 1

export async function readPage<T>(
  store: MetadataStore,
  kind: RecordKind<T>,
  { limit = pageLimitDefault, cursor }: PageQuery,
  wanted: (value: T) => boolean = () => true,
): Promise<Page<T>> {
  const items: Stored<T>[] = []
  let after = cursor === undefined ? undefined : readCursor(kind.prefix, cursor)
  for (;;) {
    const scanned = await store.range({
      prefix: kind.prefix,
      limit: scannedAtOnce,
      ...(after === undefined ? {} : { after }),
    })
    for (const entry of scanned.items) {
      const stored = kind.decode(entry)
      if (wanted(stored.value)) {
        // One more than the page holds is there: only then is there a next page.
        if (items.length === limit)
          return { items, nextCursor: cursorAt(kind.prefix, items.at(-1) as Stored<T>) }
        items.push(stored)
      }
      after = entry.key
    }
    if (!scanned.more) return { items }
    await nextTurn()
  }
}

function cursorAt(prefix: string, { key }: Stored<unknown>): string {
  return Buffer.from(JSON.stringify([cursorVersion, key.slice(prefix.length)])).toString(
    'base64url',
  )
}

function readCursor(prefix: string, cursor: string): string {
  try {
    const [version, name, ...rest] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (version === cursorVersion && /^[\w.-]{1,128}$/.test(name) && rest.length === 0)
      return prefix + name
  } catch {}
  throw new ControlError(
    'INVALID_CURSOR',
    'cursor is not one this API gave: use the nextCursor of the page before, as it is.',
    '/cursor',
  )
}
