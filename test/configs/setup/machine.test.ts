/** Which machines are refused, and with which advice. */
import { suite } from 'uvu'
import { is, unreachable } from 'uvu/assert'
import { SetupFailure } from '../../../configs/setup/failure.mjs'
import { checkMachine } from '../../../configs/setup/machine.mjs'

const test = suite('machine')
const good = {
  platform: 'linux' as const,
  nodeVersion: '20.0.0',
  kernel: '5.19.0',
  ioUringDisabled: '0',
  isRoot: false,
}

function whyRefused(change: object): string {
  try {
    checkMachine({ ...good, ...change })
  } catch (error) {
    is(error instanceof SetupFailure, true)
    return (error as Error).message
  }
  return unreachable('the machine was accepted') as never
}

test('accepts this machine, and the oldest there may be', () => {
  checkMachine()
  checkMachine(good)
})

test('accepts newer kernels however they are named', () => {
  for (const kernel of ['5.19.17-2-amd64', '6.1.0', '10.0', '6.12.57+deb13'])
    checkMachine({ ...good, kernel })
})

test('refuses other systems, an old Node.js and an old kernel', () => {
  is(whyRefused({ platform: 'darwin' }), 'Ashlar runs on Linux only; this machine runs darwin.')
  is(
    whyRefused({ nodeVersion: '18.20.1' }),
    'Ashlar needs Node.js 20 or newer; this is 18.20.1. Install a newer one.',
  )
  for (const kernel of ['5.18.0', '4.19.0-1'])
    is(
      whyRefused({ kernel }),
      `Ashlar needs Linux 5.19 or newer for io_uring; this kernel is ${kernel}.`,
    )
})

test('refuses where io_uring is not allowed, and says how to allow it', () => {
  const said = whyRefused({ ioUringDisabled: '2' })
  is(said.endsWith('Run: sudo sysctl kernel.io_uring_disabled=0'), true)
  whyRefused({ ioUringDisabled: '1' })
  checkMachine({ ...good, ioUringDisabled: '1', isRoot: true })
  // Older kernels do not have the setting.
  checkMachine({ ...good, ioUringDisabled: '' })
})

test.run()
