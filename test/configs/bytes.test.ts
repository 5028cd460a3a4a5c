/** Sizes as people write them. */
import { suite } from 'uvu'
import { is } from 'uvu/assert'
import { formatBytes, readBytes } from '../../configs/bytes.ts'

const test = suite('bytes')

test('reads sizes with each unit', () => {
  const sizes: [unknown, number][] = [
    [4096, 4096],
    ['4096', 4096],
    ['4096 B', 4096],
    ['4KiB', 4096],
    ['64 MiB', 67_108_864],
    ['1 GiB', 1_073_741_824],
    ['2 TiB', 2_199_023_255_552],
  ]
  for (const [written, bytes] of sizes) is(readBytes(written), bytes, String(written))
})

test('reads nothing else', () => {
  for (const written of [
    '',
    'MiB',
    '1.5 GiB',
    '-1',
    '1 GB',
    '1  GiB',
    ' 1',
    '9999999 TiB',
    null,
    [],
  ])
    is(readBytes(written), undefined, JSON.stringify(written))
})

test('writes the largest unit that divides', () => {
  is(formatBytes(0), '0 B')
  is(formatBytes(4097), '4097 B')
  is(formatBytes(4096), '4 KiB')
  is(formatBytes(3 * 2 ** 30), '3 GiB')
  is(formatBytes(2 ** 40), '1 TiB')
})

test.run()
