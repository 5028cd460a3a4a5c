/** Installs the npm packages of package-lock.json when they are missing or older than it. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { work } from './command.mjs'
import { SetupFailure } from './failure.mjs'

export function installModules(root) {
  if (areCurrent(root)) return
  console.log('Installing npm packages')
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  if (work('npm', args, { cwd: root }) !== 0) {
    throw new SetupFailure(
      'npm could not install the packages; its messages are above. ' +
        'Check the network and the disk, then run: npm ci',
    )
  }
}

/** npm writes node_modules/.package-lock.json last, so its time says when all was in place. */
export function areCurrent(root) {
  const installed = changedMs(join(root, 'node_modules', '.package-lock.json'))
  return installed !== undefined && installed >= changedMs(join(root, 'package-lock.json'))
}

function changedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}
