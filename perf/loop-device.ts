/** A block device in memory: a loop device over a file on a memory file system. */
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'

export interface MemoryDevice {
  /** The block device, or the file where there is none. */
  readonly path: string
  /** Why it is only a file, as a sentence; empty when it is a block device. */
  readonly why: string
  close(): void
}

/**
 * The device goes with this process, however that ends: it is told at once to detach when the last
 * one closes it, and its file has no name any more.
 */
export function makeMemoryDevice(folder: string, bytes: number): MemoryDevice {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `ashlar-perf-device-${process.pid}`)
  rmSync(file, { force: true })
  closeSync(openSync(file, 'w', 0o600))
  truncateSync(file, bytes)
  const attached = attach(file)
  if ('why' in attached) {
    return { path: file, why: attached.why, close: () => rmSync(file, { force: true }) }
  }
  const held = openSync(attached.path, 'r')
  rmSync(file)
  losetup(['--detach', attached.path])
  return { path: attached.path, why: '', close: () => closeSync(held) }
}

/** Past the page cache where the kernel can: otherwise everything is copied once more. */
function attach(file: string): { path: string } | { why: string } {
  if (process.getuid?.() !== 0) return { why: 'Only root makes loop devices: this is a file.' }
  const direct = losetup(['--find', '--show', '--direct-io=on', file])
  const made = direct.status === 0 ? direct : losetup(['--find', '--show', file])
  if (made.status === 0) return { path: made.stdout.trim() }
  const said = made.stderr?.trim() || 'losetup is not there'
  return { why: `There is no loop device (${said}): this is a file.` }
}

function losetup(words: readonly string[]) {
  return spawnSync('losetup', words, { encoding: 'utf8' })
}
