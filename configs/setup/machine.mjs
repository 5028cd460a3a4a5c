/** Whether this machine can run Ashlar at all: Linux, Node.js, kernel, io_uring. */
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { SetupFailure } from './failure.mjs'

const minimumNode = 20
const minimumKernel = [5, 19]

/** Each argument has the machine's own value as default; tests give others. */
export function checkMachine({
  platform = process.platform,
  nodeVersion = process.versions.node,
  kernel = release(),
  ioUringDisabled = readSetting('/proc/sys/kernel/io_uring_disabled'),
  isRoot = process.getuid?.() === 0,
} = {}) {
  if (platform !== 'linux') {
    throw new SetupFailure(`Ashlar runs on Linux only; this machine runs ${platform}.`)
  }
  if (Number.parseInt(nodeVersion, 10) < minimumNode) {
    throw new SetupFailure(
      `Ashlar needs Node.js ${minimumNode} or newer; this is ${nodeVersion}. Install a newer one.`,
    )
  }
  if (isOlder(kernel)) {
    throw new SetupFailure(
      `Ashlar needs Linux ${minimumKernel.join('.')} or newer for io_uring; ` +
        `this kernel is ${kernel}.`,
    )
  }
  if (ioUringDisabled === '2' || (ioUringDisabled === '1' && !isRoot)) {
    throw new SetupFailure(
      'The kernel does not allow io_uring here (kernel.io_uring_disabled is ' +
        `${ioUringDisabled}). Run: sudo sysctl kernel.io_uring_disabled=0`,
    )
  }
}

function isOlder(kernel) {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10))
  const [minimumMajor, minimumMinor] = minimumKernel
  return major < minimumMajor || (major === minimumMajor && minor < minimumMinor)
}

/** The setting's text; empty where the kernel does not have it, which means allowed. */
function readSetting(path) {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}
