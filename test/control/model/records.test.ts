/** Records, counters, and what goes with them into the store. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ControlError } from '../../../control/errors.ts'
import { openCell, volumeBytesMax } from '../../../control/model/cell.ts'
import { takeNumbers } from '../../../control/model/counter.ts'
import { changeUsage, readUsage } from '../../../control/model/group-usage.ts'
import { placementGroupName } from '../../../control/model/placement-group.ts'
import {
  absent,
  defineRecord,
  deleteKey,
  listRecords,
  putRecord,
  readRecord,
  retryConflicts,
  unchanged,
} from '../../../control/model/record.ts'
import { type BareRig, cellSettings, createBareRig, GiB, MiB } from '../support/rig.ts'

interface Thing {
  readonly size: number
}

const thingKind = defineRecord<Thing>('thing/', 2)
let rig: BareRig

test.before(async () => {
  rig = await createBareRig()
})
test.after(() => rig.close())

test('a record is read as it was written, with its revision', async () => {
  const { store } = rig
  const put = await store.transact({
    compare: [absent('thing/a')],
    success: [putRecord(thingKind, 'a', { size: 1 })],
  })
  const stored = await readRecord(store, thingKind, 'a')
  assert.equal(stored, { key: 'thing/a', value: { size: 1 }, modRevision: put.revision })
  assert.is(await readRecord(store, thingKind, 'b'), undefined)
  assert.equal(
    (await listRecords(store, thingKind)).map(({ value }) => value),
    [{ size: 1 }],
  )
  if (!stored) return assert.unreachable()
  const change = (size: number) =>
    store.transact({ compare: [unchanged(stored)], success: [putRecord(thingKind, 'a', { size })] })
  assert.is((await change(2)).succeeded, true)
  assert.is((await change(3)).succeeded, false)
  await store.transact({ compare: [], success: [deleteKey('thing/a')] })
})

test('a record of another version, or that is none, is refused with its key', async () => {
  const write = (text: string) =>
    rig.store.transact({
      compare: [],
      success: [{ kind: 'put', key: 'thing/odd', value: Buffer.from(text) }],
    })
  const failure = async () =>
    readRecord(rig.store, thingKind, 'odd').catch((error: Error) => error.message)
  await write('{"recordVersion":3,"size":1}')
  assert.is(await failure(), 'thing/odd has record version 3; this release reads 2')
  await write('{"recordVersion":')
  assert.match(String(await failure()), /thing\/odd/)
  await write('null')
  assert.match(String(await failure()), /thing\/odd/)
})

test('numbers are given once, and only with the transaction that takes them', async () => {
  const { store } = rig
  const first = await takeNumbers(store, 'volume', 3)
  assert.is(first.first, 1)
  const again = await takeNumbers(store, 'volume')
  assert.is(again.first, 1)
  const take = (numbers: typeof first) =>
    store.transact({ compare: [numbers.compare], success: [numbers.operation] })
  assert.is((await take(first)).succeeded, true)
  assert.is((await take(again)).succeeded, false)
  assert.is((await takeNumbers(store, 'volume')).first, 4)
  assert.is((await takeNumbers(store, 'attachment')).first, 1)
})

test('usage is nothing until it is written, and changes as it was read', async () => {
  const before = await readUsage(rig.store, [7])
  assert.equal(before.usageOf(7), { provisionedBytes: 0, volumes: 0 })
  const change = (bytes: number) => new Map([[7, { bytes, volumes: 1 } as const]])
  const write = ({ ledger, usageOf }: typeof before, bytes: number) =>
    rig.store.transact({
      compare: [ledger.compare],
      success: [ledger.operation, ...changeUsage(change(bytes), usageOf)],
    })
  assert.ok((await write(before, 5)).succeeded)
  assert.not((await write(before, 5)).succeeded)
  const after = await readUsage(rig.store, [7])
  assert.ok((await write(after, 6)).succeeded)
  const { usageOf } = await readUsage(rig.store, [7, 8])
  assert.equal(usageOf(7), { provisionedBytes: 11, volumes: 2 })
  assert.equal(usageOf(8), { provisionedBytes: 0, volumes: 0 })
})

test('work whose swap fails is decided anew, but not for ever', async () => {
  let attempts = 0
  assert.is(await retryConflicts(async () => (++attempts === 3 ? 'done' : undefined)), 'done')
  const error = await retryConflicts(async () => undefined).catch((reason: unknown) => reason)
  assert.is((error as ControlError).code, 'CONFLICT')
  const own = await retryConflicts(async () => {
    throw new ControlError('NAME_TAKEN', 'It is taken.')
  }).catch((reason: unknown) => reason)
  assert.is((own as ControlError).code, 'NAME_TAKEN')
})

test('a cell stays what it was made as', async () => {
  const again = await openCell(rig.store, cellSettings)
  assert.is(again.id, rig.control.cell.id)
  const other = { ...cellSettings, extentBytes: GiB }
  const error = await openCell(rig.store, other).catch((reason: Error) => reason.message)
  assert.is(
    error,
    `cell.extentBytes is ${GiB}, but the cell was made with ${64 * MiB}; set that again.`,
  )
})

test('a volume is at most 64 TiB, or what its map can hold', () => {
  assert.is(volumeBytesMax({ ...cellSettings, extentBytes: GiB }), 2 ** 46)
  assert.is(volumeBytesMax({ ...cellSettings, extentBytes: 4 * GiB }), 2 ** 46)
  assert.is(volumeBytesMax({ ...cellSettings, extentBytes: 4 * MiB }), 65_536 * 4 * MiB)
})

test('placement groups sort by their number', () => {
  const names = [1, 16, 255, 4096, 2 ** 32 - 1].map(placementGroupName)
  assert.equal([...names].sort(), names)
})

test.run()
