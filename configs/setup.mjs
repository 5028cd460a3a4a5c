/**
 * Sets up a machine: checks the kernel, installs Debian and npm packages, builds the engine.
 *
 * Plain Node.js without packages, because it is what installs them. Every step looks first and does
 * nothing when nothing is missing, so a second run takes well under a second.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { work } from './setup/command.mjs'
import { runMain, SetupFailure } from './setup/failure.mjs'
import { checkMachine } from './setup/machine.mjs'
import { installModules } from './setup/modules.mjs'
import { installPackages, packagesFor } from './setup/packages.mjs'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** `purpose` is a key of packagesFor. */
export function setUp(purpose) {
  prepare(purpose)
  buildEngine()
}

/** All but the engine, for those who build it, or parts of it, themselves. */
export function prepare(purpose) {
  checkMachine()
  installPackages(packagesFor[purpose])
  installModules(root)
}

function buildEngine() {
  if (work(process.execPath, [join('native-rdma', 'build.mjs')], { cwd: root }) !== 0) {
    throw new SetupFailure('The engine could not be built; the messages above say why.')
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runMain(() => {
    const purpose = process.argv[2] ?? 'start'
    if (!Object.hasOwn(packagesFor, purpose)) {
      throw new SetupFailure(`Say what for: ${Object.keys(packagesFor).join(', ')}.`)
    }
    setUp(purpose)
  })
}
