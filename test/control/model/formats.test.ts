/** Packed maps, NQNs, node names and capacities. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { packExtentMap, unpackExtentMap } from '../../../control/model/extent-map.ts'
import { capacityOf, isNodeName, usedOf } from '../../../control/model/node.ts'
import { invalidNqn, subsystemNqnOf } from '../../../control/model/nqn.ts'
import { device } from '../reconcile/samples.ts'

test('a map has four bytes for each extent, little-endian', () => {
  const packed = packExtentMap([1, 0x01020304, 2 ** 32 - 1])
  assert.is(Buffer.from(packed).toString('hex'), '0100000004030201ffffffff')
  assert.equal(unpackExtentMap(packed), [1, 0x01020304, 2 ** 32 - 1])
  assert.equal(unpackExtentMap(new Uint8Array()), [])
  // A view into a larger buffer, as stores give them.
  const view = Uint8Array.from([9, 9, 7, 0, 0, 0, 9]).subarray(2, 6)
  assert.equal(unpackExtentMap(view), [7])
})

test('a torn map is refused', () => {
  assert.throws(() => unpackExtentMap(new Uint8Array(5)), /torn/)
})

test('an NQN has one of the two forms', () => {
  for (const good of [
    'nqn.2014-08.org.nvmexpress:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427',
    'nqn.2026-01.org.example:host.1',
    'nqn.2001-12.a:b',
    'nqn.2026-01.org.exa-mple:with:colons/and,more',
    subsystemNqnOf('nqn.2026-01.io.ashlar', 'vol-0000000000000001'),
  ])
    assert.is(invalidNqn(good), undefined, good)
  for (const bad of [
    '',
    'iqn.2026-01.org.example:x',
    'nqn.2026-1.org.example:x',
    'nqn.2026-00.org.example:x',
    'nqn.2026-01.org..example:x',
    'nqn.2026-01.-org:x',
    'nqn.2026-01.org.example:',
    'nqn.2026-01.org.example',
    'nqn.2026-01.org.example:ä',
    'nqn.2026-01.org.example:a\nb',
    'nqn.2014-08.org.nvmexpress:uuid:1b4e28ba',
    'nqn.2014-08.org.nvmexpress.discovery',
    `nqn.2026-01.org.example:${'x'.repeat(200)}`,
  ])
    assert.match(invalidNqn(bad) ?? 'none', /^[A-Z].*\.$/, bad)
})

test('the check of an NQN is quick, whatever it is given', () => {
  const began = process.cpuUsage().user
  invalidNqn(`nqn.2026-01.${'a-'.repeat(100)}!`)
  invalidNqn(`nqn.2026-01.${'a.'.repeat(100)}`)
  assert.ok(process.cpuUsage().user - began < 1_000_000)
})

test('a node has the name of a host', () => {
  for (const good of ['n1', 'a', '7', 'rack-1-node-2', 'x'.repeat(63)]) assert.ok(isNodeName(good))
  for (const bad of ['', '-a', 'a-', 'A', 'a.b', 'x'.repeat(64), 'a/b']) assert.not(isNodeName(bad))
})

test('devices that failed hold nothing', () => {
  const devices = [
    { ...device, capacityBytes: 10, usedBytes: 1 },
    { ...device, capacityBytes: 20, usedBytes: 2, failed: true },
    { ...device, capacityBytes: 30, usedBytes: 3 },
  ]
  assert.is(capacityOf(devices), 40)
  assert.is(usedOf(devices), 4)
  assert.is(capacityOf([]), 0)
})

test.run()
