/** Formats every source file in place: Biome for TypeScript, clang-format for C++. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

function nativeFiles(folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
  const files = entries.filter((entry) => entry.isFile() && /\.(cc|h)$/.test(entry.name))
  return files.map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}

function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit' })
  if (error) console.error(`${program}: ${error.message}`)
  if (status !== 0) process.exitCode = 1
}

run(join('node_modules', '.bin', 'biome'), ['check', '--write'])
run('clang-format-19', ['-i', ...nativeFiles('native-rdma/src'), ...nativeFiles('test/native')])
