/** The durability model: known values, and the direction in which each assumption works. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type DurabilityAssumptions, modelDurability, ninesOf } from '../../placement/durability.ts'

const base: DurabilityAssumptions = {
  copies: 3,
  nodes: 1000,
  racks: 50,
  groups: 33_334,
  copysets: 6667,
  volumeWidth: 8,
  disksPerNode: 12,
  nodeBytes: 3e14,
  rebuilders: 40,
  repairBytesPerSecond: 2e8,
  rebuildDelaySeconds: 900,
  diskLossPerYear: 0.015,
  nodeLossPerYear: 0.005,
  rackLossPerYear: 0,
  outagesPerYear: 0,
  outageLoss: 0.01,
}
const loss = (change: Partial<DurabilityAssumptions> = {}) =>
  modelDurability({ ...base, ...change }).extentLossPerYear

const close = (actual: number, expected: number, part = 0.001) =>
  assert.ok(Math.abs(actual / expected - 1) < part, `${actual} for ${expected}`)

test('two copies are lost as often as the formula says', () => {
  // 2 λ · λ T, with one kind of loss and a repair of one day.
  const day = 86_400
  const model = modelDurability({
    ...base,
    copies: 2,
    disksPerNode: 1,
    nodeLossPerYear: 0,
    diskLossPerYear: 0.01,
    rebuildDelaySeconds: 0,
    rebuilders: 10,
    nodeBytes: 10 * base.repairBytesPerSecond * day,
  })
  close(model.diskRepairSeconds, day)
  close(model.extentLossPerYear, 2 * 0.01 * 0.01 * (1 / 365.25))
})

test('three copies are lost as often as the formula says', () => {
  const year = 365.25 * 86_400
  const model = modelDurability(base)
  const rate = 0.02
  const second = (seconds: number) => (2 * rate * seconds) / year
  const third = (rate * model.urgentRepairSeconds) / year
  const expected =
    3 * (0.015 * second(model.diskRepairSeconds) + 0.005 * second(model.nodeRepairSeconds)) * third
  close(model.extentLossPerYear, expected)
})

test('with one copy whatever goes is lost', () => {
  close(loss({ copies: 1 }), 0.02, 0.02)
})

test('every further copy is worth several nines', () => {
  const nines = ([1, 2, 3] as const).map((copies) => ninesOf(loss({ copies })))
  assert.ok((nines[1] ?? 0) > (nines[0] ?? 0) + 2, `${nines}`)
  assert.ok((nines[2] ?? 0) > (nines[1] ?? 0) + 2, `${nines}`)
})

test('faster repair, by bandwidth, by more nodes or by beginning sooner, loses less', () => {
  assert.ok(loss({ repairBytesPerSecond: 4e8 }) < loss())
  assert.ok(loss({ rebuilders: 80 }) < loss())
  assert.ok(loss({ rebuildDelaySeconds: 60 }) < loss())
  assert.ok(loss({ nodeBytes: 1e14 }) < loss())
})

test('whatever can be lost for good counts', () => {
  assert.ok(loss({ diskLossPerYear: 0.03 }) > loss())
  assert.ok(loss({ nodeLossPerYear: 0.03 }) > loss())
  assert.ok(loss({ rackLossPerYear: 0.001 }) > loss())
  close(loss({ outagesPerYear: 1 }) - loss(), 1e-6)
})

test('a volume is at more risk than an extent, a cell than a volume', () => {
  const { extentLossPerYear, volumeLossPerYear, anyLossPerYear } = modelDurability(base)
  close(volumeLossPerYear, 8 * extentLossPerYear)
  close(anyLossPerYear, 6667 * extentLossPerYear, 0.01)
})

test('few copysets lose something in an outage less often', () => {
  const { anyLossPerOutage, anyLossPerOutageScattered } = modelDurability(base)
  close(anyLossPerOutage, 1 - (1 - 1e-6) ** 6667)
  close(anyLossPerOutageScattered, 1 - (1 - 1e-6) ** 33_334)
})

test('chances far below the last digit of one are not lost', () => {
  assert.ok(loss({ rebuildDelaySeconds: 0, nodeBytes: 1e9, diskLossPerYear: 1e-6 }) > 0)
})

test('nines', () => {
  close(ninesOf(1e-11), 11)
  assert.is(ninesOf(1), 0)
  assert.is(ninesOf(0), Number.POSITIVE_INFINITY)
})

test.run()
