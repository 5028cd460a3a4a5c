/** The saved desired state, to the byte. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { suite } from 'uvu'
import { instance, is, throws } from 'uvu/assert'
import { GatewayFailure } from '../../gateway/failure.ts'
import { readSavedDesired, saveDesired } from '../../gateway/saved-desired.ts'
import { writeStateFile } from '../../gateway/state-file.ts'
import { makeFolder, sampleDesired, sampleGroup, samplePeer, sampleVolume } from './samples.ts'

const test = suite('saved desired state')
const desired = sampleDesired(9, {
  volumes: [sampleVolume(1, { extentMap: Buffer.from([0, 255, 1, 2]) }), sampleVolume(2)],
  deletedVolumeIds: [3],
  discovery: [{ hostNqn: 'h', subsystemNqn: 's', address: 'a', port: 1 }],
  groups: [sampleGroup(3)],
  peers: [samplePeer(7), { node: 8, endpoint: null, name: 'n8' }],
})

test('is read back as it was told, to the byte', async () => {
  const folder = makeFolder()
  is(readSavedDesired(folder), undefined)
  await saveDesired(folder, desired)
  is(isDeepStrictEqual(readSavedDesired(folder), desired), true)
})

test('is read from before there were groups', async () => {
  const folder = makeFolder()
  const old = { version: 1, revision: 3, volumes: [], deletedVolumeIds: [], discovery: [] }
  await writeStateFile(join(folder, 'desired.json'), old)
  is(isDeepStrictEqual(readSavedDesired(folder), sampleDesired(3)), true)
})

test('is replaced as a whole', async () => {
  const folder = makeFolder()
  await saveDesired(folder, desired)
  await saveDesired(folder, sampleDesired(10))
  is(isDeepStrictEqual(readSavedDesired(folder), sampleDesired(10)), true)
})

test('is refused when it was damaged: a wrong map would show wrong bytes', async () => {
  const folder = makeFolder()
  await saveDesired(folder, desired)
  const path = join(folder, 'desired.json')
  writeFileSync(path, readFileSync(path, 'utf8').replace('"AP8BAg=="', '"AP8BAw=="'))
  throws(
    () => readSavedDesired(folder),
    (error: Error) => {
      instance(error, GatewayFailure)
      return error.message.includes('is damaged')
    },
  )
})

test.run()
