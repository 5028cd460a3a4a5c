/** Which of the kernel's block devices are offered. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import { equal } from 'uvu/assert'
import { localDevices } from '../../gateway/local-devices.ts'

const test = suite('local devices')
let folder: string

test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'ashlar-block-'))
})
test.after.each(() => rmSync(folder, { recursive: true }))

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), `${text}\n`)
}

test('disks are listed with their partitions behind them', () => {
  put('sdb/size', '2048')
  put('nvme0n1/size', '4096')
  put('nvme0n1/nvme0n1p1/size', '2048')
  put('nvme0n1/nvme0n1p1/partition', '1')
  put('nvme0n1/queue/write_cache', 'write back')
  put('cciss!c0d0/size', '8')
  equal(localDevices(folder), ['/dev/cciss/c0d0', '/dev/nvme0n1', '/dev/nvme0n1p1', '/dev/sdb'])
})

test('memory, files, removable discs and empty slots are left out', () => {
  for (const name of ['ram0', 'zram0', 'loop3', 'sr0', 'fd0']) put(`${name}/size`, '2048')
  put('nbd0/size', '0')
  put('dm-0/size', '2048')
  equal(localDevices(folder), ['/dev/dm-0'])
})

test("a cell's volume that is attached here is left out: a store on it would lie on itself", () => {
  put('nvme1n1/size', '2048')
  put('nvme1n1/device/model', 'Ashlar')
  put('nvme2n1/size', '2048')
  put('nvme2n1/device/model', 'Another maker')
  equal(localDevices(folder), ['/dev/nvme2n1'])
})

test('a machine without the list has no devices', () => {
  equal(localDevices(join(folder, 'none')), [])
})

test.run()
