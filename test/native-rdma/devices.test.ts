/** Devices that no engine has open, through the addon. */
import { existsSync, truncateSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import { equal, instance, is, match, throws, unreachable } from 'uvu/assert'
import {
  EngineError,
  inspectDevice,
  openEngine,
  prepareDevice,
  retireDevice,
} from '../../native-rdma/index.js'
import { engineOptions, type Folder, makeFolder, mebi } from './open-engine.ts'

const addon = createRequire(import.meta.url)('node-gyp-build')(
  fileURLToPath(new URL('../../native-rdma', import.meta.url)),
)

let folder: Folder
test.before.each(() => {
  folder = makeFolder()
})
test.after.each(() => folder.remove())

async function refusal(action: Promise<unknown>): Promise<EngineError> {
  try {
    await action
  } catch (error) {
    instance(error, EngineError)
    return error as EngineError
  }
  return unreachable('it must be refused') as never
}

test('a prepared device is the store that an engine then opens', async () => {
  const path = folder.path('disk')
  const prepared = await prepareDevice({ path, bytes: 64n * mebi, segmentBytes: mebi })
  is(prepared.made, true)
  is(prepared.erased, '')
  const { device } = prepared
  equal(device, {
    path,
    kind: 'file',
    bytes: 64n * mebi,
    logicalBlockBytes: device.logicalBlockBytes,
    use: 'free',
    holds: 'store',
    description: '',
    store: { id: device.store?.id, segmentBytes: mebi, segmentCount: 62, features: 0 },
  })
  const engine = await openEngine(engineOptions({ devices: [{ path, bytes: 0n }] }))
  is(engine.devices()[0]?.storeId, device.store?.id)
  is((await inspectDevice(path)).use, 'gateway')
  is((await refusal(retireDevice({ path, force: true }))).code, 'BUSY')
  await engine.close()
  equal(await retireDevice({ path }), { path, storeId: device.store?.id })
  is((await inspectDevice(path)).holds, 'nothing')
})

test('what a device holds is named, refused, and erased when that is forced', async () => {
  const path = folder.path('disk')
  writeFileSync(path, 'XFSB')
  truncateSync(path, Number(64n * mebi))
  const { holds, description, store } = await inspectDevice(path)
  equal([holds, description, store], ['other', 'an XFS file system', undefined])
  const error = await refusal(prepareDevice({ path, segmentBytes: mebi }))
  is(error.code, 'FOREIGN')
  match(error.message, `device ${path} holds an XFS file system`)
  const { made, erased } = await prepareDevice({ path, segmentBytes: mebi, force: true })
  equal([made, erased], [false, 'an XFS file system'])
})

test('calls side by side are each answered', async () => {
  const paths = ['a', 'b', 'c'].map(folder.path)
  const prepared = await Promise.all(
    paths.map((path) => prepareDevice({ path, bytes: 16n * mebi, segmentBytes: mebi })),
  )
  equal(
    prepared.map(({ device }) => device.path),
    paths,
  )
  const missing = await Promise.all(['d', 'e'].map((name) => refusal(inspectDevice(name))))
  equal(
    missing.map(({ code }) => code),
    ['NOT_FOUND', 'NOT_FOUND'],
  )
})

test('each argument that cannot be is refused by name, and nothing is made', async () => {
  const path = folder.path('disk')
  const good = { path, bytes: 64n * mebi }
  const wrong: [RegExp, Promise<unknown>][] = [
    [/^path/, inspectDevice('')],
    [/^options/, prepareDevice(undefined as never)],
    [/^path/, prepareDevice({ ...good, path: 'a\0b' })],
    [/^bytes/, prepareDevice({ ...good, bytes: 4097n })],
    [/^segmentBytes/, prepareDevice({ ...good, segmentBytes: 3n * mebi })],
    [/^force/, prepareDevice({ ...good, force: 1 as never })],
    [/^force/, retireDevice({ path, force: 'yes' as never })],
  ]
  for (const [field, call] of wrong) {
    const error = await refusal(call)
    is(error.code, 'INVALID_ARGUMENT')
    match(error.message, field)
  }
  is(existsSync(path), false)
})

test('the addon refuses by itself what index.js would have', () => {
  throws(() => addon.inspectDevice(), /path must be/)
  throws(() => addon.prepareDevice({ path: 'x', bytes: 1 }), /bytes must be a bigint/)
  throws(() => addon.retireDevice({ path: 'x', force: 2 }), /force must be/)
})

test.run()
