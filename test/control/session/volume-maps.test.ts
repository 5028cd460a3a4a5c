/** Extent maps, read once. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { packExtentMap } from '../../../control/model/extent-map.ts'
import { volumeMapPrefix } from '../../../control/model/volume.ts'
import { createVolumeMaps } from '../../../control/session/volume-maps.ts'
import { volumeIn } from '../reconcile/samples.ts'
import { createBareRig, GiB } from '../support/rig.ts'

test('a map is read once, and again when its volume has grown', async () => {
  const { store, close } = await createBareRig()
  let reads = 0
  const get: typeof store.get = (key) => {
    reads++
    return store.get(key)
  }
  const maps = createVolumeMaps({ ...store, get }, GiB)
  const volume = volumeIn({ kind: 'available' }, { sizeBytes: 3 * GiB })
  const put = (numbers: number[]) =>
    store.transact({
      compare: [],
      success: [{ kind: 'put', key: volumeMapPrefix + volume.id, value: packExtentMap(numbers) }],
    })
  assert.is(await maps.of(volume), undefined)
  await put([5, 6, 5, 9])
  const map = await maps.of(volume)
  assert.equal([map?.groups, map?.packed.length], [[5, 6], 12])
  assert.is(await maps.of(volume), map)
  assert.is(reads, 2)
  const grown = await maps.of({ ...volume, sizeBytes: 4 * GiB })
  assert.equal([grown?.groups, reads], [[5, 6, 9], 3])
  maps.keep(new Set())
  await maps.of({ ...volume, sizeBytes: 4 * GiB })
  assert.is(reads, 4)
  await close()
})

test.run()
