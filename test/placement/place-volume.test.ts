/** Which placement groups a volume gets. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { book, bookMap, type Ledger, openLedger } from '../../placement/ledger.ts'
import { growMap, placeVolume, type VolumeRequest } from '../../placement/place-volume.ts'
import { type Copies, defaultSettings, type PlacedNode } from '../../placement/topology.ts'
import { evenCell, makeGroups, placedNode, setState, TiB } from './support/cells.ts'

const GiB = 2 ** 30

function ledgerOf(nodes: readonly PlacedNode[], copies: Copies = 3, overcommit = 1): Ledger {
  const groups = makeGroups({ nodes, settings: defaultSettings, copies })
  return openLedger(nodes, groups, { extentBytes: GiB, overcommit })
}

const wish: VolumeRequest = {
  seed: 1,
  copies: 3,
  map: [],
  oldSize: 0,
  size: 1000,
  width: 8,
  localExtentsMax: 16,
}

function mapOf(ledger: Ledger, request: Partial<VolumeRequest> = {}): readonly number[] {
  const oldSize = request.map?.length ?? 0
  const place = placeVolume(ledger, { ...wish, oldSize, ...request })
  if (place.kind === 'refused') throw new Error(place.reason)
  return place.map
}

const primaryOf = (ledger: Ledger, number: number) => ledger.groups.get(number)?.group.primary

test('a volume has as many groups as its width, all alike, with different primaries', () => {
  const ledger = ledgerOf(evenCell(10, 2))
  const map = mapOf(ledger)
  const groups = [...new Set(map)]
  assert.is(map.length, 1000)
  assert.is(groups.length, 8)
  for (const group of groups) assert.is(map.filter((one) => one === group).length, 125)
  assert.ok(new Set(groups.map((group) => primaryOf(ledger, group))).size >= 6)
})

test('the same volume in the same cell is placed alike, and another one elsewhere', () => {
  const ledger = ledgerOf(evenCell(10, 2))
  assert.equal(mapOf(ledger), mapOf(ledger))
  assert.not.equal(mapOf(ledger, { seed: 2 }), mapOf(ledger))
})

test('nodes fill evenly, also those that are larger, and primaries as well', () => {
  const nodes = evenCell(6, 4).map((node, at) =>
    at % 3 === 0 ? { ...node, capacityBytes: 200 * TiB } : node,
  )
  const ledger = ledgerOf(nodes)
  for (let seed = 1; seed <= 600; seed++) bookMap(ledger, mapOf(ledger, { seed }), 1000)
  const full = nodes.map((_, at) => (ledger.extents[at] ?? 0) / (ledger.extentsMax[at] ?? 1))
  const serves = nodes.map((_, at) => (ledger.served[at] ?? 0) / (ledger.extentsMax[at] ?? 1))
  for (const shares of [full, serves]) {
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
    assert.ok(Math.max(...shares) / mean < 1.1, `${Math.max(...shares)} against ${mean}`)
  }
})

test('a small volume lies in groups of the primary that serves it', () => {
  const ledger = ledgerOf(evenCell(5, 2))
  const map = mapOf(ledger, { size: 16, servedBy: 'n3' })
  assert.is(new Set(map).size, 8)
  assert.ok(map.every((group) => primaryOf(ledger, group) === 'n3'))
})

test('a small volume that nobody serves yet has one primary, which should serve it', () => {
  const ledger = ledgerOf(evenCell(5, 2))
  const place = placeVolume(ledger, { ...wish, size: 16 })
  if (place.kind === 'refused') return assert.unreachable(place.reason)
  assert.equal([...new Set(place.map.map((group) => primaryOf(ledger, group)))], [place.servedBy])
})

test('a full node is passed over, even by what it should serve', () => {
  const nodes = [
    ...evenCell(4, 2),
    placedNode('full', 'r0', { capacityBytes: 100 * TiB }),
    ...evenCell(4, 1).map((node) => ({ ...node, name: `more-${node.name}` })),
  ]
  const ledger = ledgerOf(nodes)
  const full = nodes.findIndex(({ name }) => name === 'full')
  ledger.extents[full] = ledger.extentsMax[full] as number
  for (let seed = 1; seed <= 50; seed++) {
    const map = mapOf(ledger, { seed, size: 10, servedBy: 'full' })
    for (const group of map)
      assert.not(ledger.groups.get(group)?.group.members.includes('full'), `seed ${seed}`)
  }
})

test('groups with a member on a node that is out get nothing new', () => {
  const nodes = evenCell(5, 2)
  const groups = makeGroups({ nodes, settings: defaultSettings, copies: 3 })
  const out = setState(nodes, 'out', (name) => name === 'n1')
  const ledger = openLedger(out, groups, { extentBytes: GiB, overcommit: 1 })
  for (let seed = 1; seed <= 50; seed++)
    for (const group of mapOf(ledger, { seed }))
      assert.not(ledger.groups.get(group)?.group.members.includes('n1'))
})

test('a volume that grows keeps its map and its groups', () => {
  const ledger = ledgerOf(evenCell(6, 2))
  const map = mapOf(ledger)
  const grown = mapOf(ledger, { map, size: 1500 })
  assert.equal(grown.slice(0, 1000), map)
  assert.equal(new Set(grown), new Set(map))
  for (const group of new Set(map)) {
    const count = grown.filter((one) => one === group).length
    assert.ok(count >= 187 && count <= 188, `${count}`)
  }
})

test('a volume that was too small for its width gets more groups when it grows', () => {
  const ledger = ledgerOf(evenCell(6, 2))
  const map = mapOf(ledger, { size: 3 })
  assert.is(new Set(map).size, 3)
  assert.is(new Set(mapOf(ledger, { map, size: 100 })).size, 8)
})

test('what is there does not move when a volume stays as large', () => {
  const ledger = ledgerOf(evenCell(4, 1))
  const map = mapOf(ledger, { size: 10 })
  assert.equal(mapOf(ledger, { map, size: 10 }), map)
  assert.throws(() => mapOf(ledger, { map, size: 9 }), /does not shrink/)
})

test('a cell can be filled to the last extent, then refuses with how much there is', () => {
  const nodes = evenCell(3, 1).map((node) => ({ ...node, capacityBytes: 100 * GiB }))
  const ledger = ledgerOf(nodes)
  for (let seed = 1; seed <= 10; seed++) bookMap(ledger, mapOf(ledger, { seed, size: 10 }), 10)
  assert.equal(ledger.extents, [100, 100, 100])
  const place = placeVolume(ledger, { ...wish, size: 1 })
  assert.match(
    place.kind === 'refused' ? place.reason : '',
    /1073741824 bytes 3 times, .* 0 bytes free\./,
  )
})

test('a part of an extent takes as much room as it has, and growing inside it the rest', () => {
  const nodes = evenCell(3, 1).map((node) => ({ ...node, capacityBytes: 1.5 * GiB }))
  const ledger = ledgerOf(nodes)
  const map = mapOf(ledger, { size: 0.25 })
  bookMap(ledger, map, 0.25)
  assert.equal(ledger.extents, [0.25, 0.25, 0.25])
  const grow = (size: number) => placeVolume(ledger, { ...wish, map, oldSize: 0.25, size })
  const place = grow(1)
  if (place.kind === 'refused') return assert.unreachable(place.reason)
  assert.equal(place.map, map)
  assert.equal([...place.added], [[map[0], 0.75]])
  assert.is(grow(1.5).kind, 'placed')
  assert.is(grow(1.75).kind, 'refused')
})

test('a small volume goes where one primary has room for all of it', () => {
  const nodes = evenCell(4, 1).map((node) => ({ ...node, capacityBytes: 20 * GiB }))
  const ledger = ledgerOf(nodes, 1)
  for (const [at, used] of [5, 6, 2, 7].entries()) ledger.extents[at] = used
  for (let seed = 1; seed <= 20; seed++) {
    const map = mapOf(ledger, { seed, copies: 1, size: 16 })
    assert.ok(map.every((group) => primaryOf(ledger, group) === nodes[2]?.name))
  }
  const large = mapOf(ledger, { copies: 1, size: 30 })
  assert.ok(new Set(large.map((group) => primaryOf(ledger, group))).size > 1)
})

test('overcommit multiplies the room', () => {
  const ledger = ledgerOf(evenCell(3, 1), 3, 2)
  assert.is(placeVolume(ledger, { ...wish, size: 150 * 1024 }).kind, 'placed')
  assert.is(placeVolume(ledger, { ...wish, size: 201 * 1024 }).kind, 'refused')
})

test('without groups of so many copies a volume is refused', () => {
  const place = placeVolume(ledgerOf(evenCell(3, 1)), { ...wish, copies: 2 })
  assert.match(place.kind === 'refused' ? place.reason : '', /no placement groups of 2 copies/)
})

test('a ledger that is opened anew agrees with one that was kept', () => {
  const ledger = ledgerOf(evenCell(3, 1))
  const map = mapOf(ledger)
  bookMap(ledger, map, 1000)
  const again = openLedger(
    ledger.nodes,
    [...ledger.groups.values()].map(({ group }) => ({
      ...group,
      extents: map.filter((number) => number === group.number).length,
    })),
    { extentBytes: GiB, overcommit: 1 },
  )
  assert.equal(again.extents, ledger.extents)
  assert.equal(again.served, ledger.served)
})

test('what is given back can be promised again', () => {
  const ledger = ledgerOf(evenCell(3, 1))
  const [group = 0] = mapOf(ledger)
  book(ledger, group, 5)
  book(ledger, group, -5)
  assert.equal(ledger.extents, [0, 0, 0])
  assert.throws(() => book(ledger, 999_999, 1), /not in the ledger/)
})

test('a map goes on with the group that has least', () => {
  assert.equal(growMap([1, 1, 2], 6, [1, 2, 3]), [1, 1, 2, 3, 2, 1])
  assert.equal(growMap([], 5, [7, 8]), [7, 8, 7, 8, 7])
})

test.run()
