import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  showAddresses,
  showBytes,
  showFields,
  showLabels,
  showTable,
} from '../../../control/cli/show.ts'

test('shows round sizes exactly and others rounded', () => {
  assert.is(showBytes(0), '0 B')
  assert.is(showBytes(10 * 2 ** 30), '10 GiB')
  assert.is(showBytes(4096), '4 KiB')
  assert.is(showBytes(1_234_567_890), '1.1 GiB')
  assert.is(showBytes(100 * 2 ** 40 + 1), '100.0 TiB')
})

test('shows labels and addresses in one line', () => {
  assert.is(showLabels({ a: '1', b: '' }), 'a=1,b=')
  const addresses = [
    { address: '192.0.2.1', port: 4420 },
    { address: '2001:db8::1', port: 4420 },
  ]
  assert.is(showAddresses(addresses), '192.0.2.1:4420 [2001:db8::1]:4420')
})

test('a table has aligned columns, and none that is empty throughout', () => {
  const table = showTable(
    ['NAME', 'REASON', 'SIZE'],
    [
      ['db-1', '', '10 GiB'],
      ['x', '', '1 MiB'],
    ],
  )
  assert.is(table, 'NAME  SIZE\ndb-1  10 GiB\nx     1 MiB\n')
})

test('fields without a value are left out', () => {
  assert.is(showFields({ Name: 'db-1', Reason: undefined, Labels: '' }), 'Name:  db-1\n')
})

test.run()
