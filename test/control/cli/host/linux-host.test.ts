import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { linuxHost } from '../../../../control/cli/host/linux-host.ts'

const nqn = 'nqn.2026-01.io.ashlar:vol-0000000000000001'
let root: string

test.before.each(() => {
  root = mkdtempSync(join(tmpdir(), 'ashlar-host-'))
})
test.after.each(() => rmSync(root, { recursive: true, force: true }))

function put(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text, { mode })
}

test('a bare machine has no name and no device', () => {
  const host = linuxHost(root, true)
  assert.is(host.nqn, '')
  assert.is(host.deviceOf(nqn), undefined)
  assert.equal(host.usersOf('/dev/nvme0n1'), [])
})

test('says what keeps it from connecting', () => {
  assert.is(linuxHost(root, false).obstacle, 'you are not root')
  assert.is(linuxHost(root, true).obstacle, 'nvme-cli is not installed')
  put('usr/sbin/nvme', '', 0o755)
  assert.is(linuxHost(root, true).obstacle, undefined)
})

test('reads the name without its line end', () => {
  put('etc/nvme/hostnqn', 'nqn.2014-08.org.nvmexpress:uuid:1\n')
  assert.is(linuxHost(root, true).nqn, 'nqn.2014-08.org.nvmexpress:uuid:1')
})

test('finds the device of a subsystem, with multipath and without', () => {
  const subsystem = 'sys/class/nvme-subsystem/nvme-subsys3'
  put('sys/class/nvme-subsystem/nvme-subsys0/subsysnqn', 'nqn.other\n')
  put('sys/class/nvme-subsystem/nvme-subsys0/nvme0n1/size', '1')
  put(`${subsystem}/subsysnqn`, `${nqn}\n`)
  put(`${subsystem}/nvme3/nvme3n1/size`, '1')
  assert.is(linuxHost(root, true).deviceOf(nqn), '/dev/nvme3n1')
  rmSync(join(root, subsystem, 'nvme3'), { recursive: true })
  put(`${subsystem}/nvme3/nvme3c3n1/size`, '1')
  put(`${subsystem}/nvme3n2/size`, '1')
  assert.is(linuxHost(root, true).deviceOf(nqn), '/dev/nvme3n2')
})

test('finds what uses a device or its partitions', () => {
  put('proc/self/mounts', '/dev/sda1 / ext4 rw 0 0\n/dev/nvme0n1p2 /srv xfs rw 0 0\n')
  put('sys/block/nvme0n1/nvme0n1p1/holders/dm-0/name', '')
  put('sys/block/nvme0n11/holders/dm-7/name', '')
  const users = linuxHost(root, true).usersOf('/dev/nvme0n1')
  assert.equal(users, ['mounted at /srv', 'used by dm-0'])
})

test('runs programs and keeps what they print', async () => {
  const host = linuxHost(root, true)
  const done = await host.run('sh', ['-c', 'echo out; echo err >&2; exit 3'])
  assert.is(done.code, 3)
  assert.match(done.output, /out/)
  assert.match(done.output, /err/)
  assert.is((await host.run('no-such-program-here', [])).code, 127)
})

test.run()
