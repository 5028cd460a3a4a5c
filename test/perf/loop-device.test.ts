import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { makeMemoryDevice } from '../../perf/loop-device.ts'
import { root } from '../support/root.ts'

const folder = mkdtempSync(join(tmpdir(), 'ashlar-loop-'))
const bytes = 8 * 2 ** 20

test.after(() => rmSync(folder, { recursive: true, force: true }))

test('a device is there until it is closed, or a file that says why it is one', () => {
  const device = makeMemoryDevice(folder, bytes)
  try {
    assert.ok(existsSync(device.path))
    assert.is(statSync(device.path).isBlockDevice(), device.why === '')
    if (device.why !== '') assert.is(statSync(device.path).size, bytes)
  } finally {
    device.close()
  }
  assert.equal(readdirSync(folder), [])
  assert.is(backedBy(device.path), '')
})

test('nothing is left of a device when its process is killed', () => {
  const program = `
    import { makeMemoryDevice } from ${JSON.stringify(join(root, 'perf/loop-device.ts'))}
    const { path, why } = makeMemoryDevice(${JSON.stringify(folder)}, ${bytes})
    console.log(why === '' ? path : '')
    process.kill(process.pid, 'SIGKILL')`
  const words = ['--import', 'tsx', '--input-type=module', '--eval', program]
  const { stdout, signal } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' })
  assert.is(signal, 'SIGKILL')
  const path = stdout.trim()
  if (path === '') return
  assert.equal(readdirSync(folder), [])
  assert.is(backedBy(path), '')
})

/** The file behind a loop device; empty when it has none. */
function backedBy(path: string): string {
  const { stdout } = spawnSync('losetup', ['--noheadings', '--output', 'BACK-FILE', path], {
    encoding: 'utf8',
  })
  return stdout?.trim() ?? ''
}

test.run()
