/** Writes to a metadata store, and says each write that was acknowledged, until it is killed. */
import { writeSync } from 'node:fs'
import type { StoreFactory } from './suite/support.ts'

const [module = '', location = ''] = process.argv.slice(2)
const { open } = (await import(module)) as Pick<StoreFactory, 'open'>
const store = await open(location)

for (;;) {
  const { entry } = await store.get('counter')
  const next = Number(entry ? Buffer.from(entry.value).toString() : 0) + 1
  const value = Buffer.from(`${next}`)
  const { succeeded } = await store.transact({
    compare: [{ key: 'counter', modRevision: entry?.modRevision ?? 0 }],
    success: [
      { kind: 'put', key: 'counter', value },
      { kind: 'put', key: `write/${next}`, value },
    ],
  })
  if (succeeded) writeSync(1, `${next}\n`)
}
