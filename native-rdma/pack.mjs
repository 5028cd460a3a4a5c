/**
 * Packs the addon for machines without a compiler: prebuilds/linux-x64/node.node and the like,
 * which index.js loads where build/Release is missing.
 *
 * prebuildify drives node-gyp, which would fetch Node's headers from the internet. Here it is given
 * a node-gyp that calls build.mjs: the headers are an npm package, and Node-API is the same for
 * every Node.js from version 20 on.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('.', import.meta.url))
const prebuildify = join(
  dirname(createRequire(import.meta.url).resolve('prebuildify/package.json')),
  'bin.js',
)
const scratch = mkdtempSync(join(tmpdir(), 'ashlar-pack-'))
try {
  const nodeGyp = join(scratch, 'node-gyp')
  writeFileSync(nodeGyp, `#!/bin/sh\nexec '${process.execPath}' '${join(source, 'build.mjs')}'\n`)
  chmodSync(nodeGyp, 0o755)
  const args = ['--napi', '--strip', '--cwd', source, '--node-gyp', nodeGyp]
  process.exitCode = run(prebuildify, ...args)
  // prebuildify has moved the build away, stripped.
  run(join(source, 'build.mjs'))
  if (process.exitCode === 0) console.log('Packed the addon into native-rdma/prebuilds.')
  else console.error('The addon could not be packed; the messages above say why.')
} finally {
  rmSync(scratch, { recursive: true })
}

function run(script, ...args) {
  return spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' }).status ?? 1
}
