// Runs a test file in a network namespace of its own: taps and addresses there disturb nobody and
// go away with the process.
import { execFileSync, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { guestStoodStill, hostAddress, prepareGuest } from './guest.ts'

const inside = 'ASHLAR_TEST_NETWORK'

/** Returns in the namespace only; the process outside ends with the status of the one inside. */
export async function enterOwnNetwork(testUrl: string): Promise<void> {
  if (process.env[inside] === '1') {
    execFileSync('ip', ['link', 'set', 'lo', 'up'])
    // The guest reaches it through its tap; servers may listen on it before there is a guest.
    execFileSync('ip', ['addr', 'add', `${hostAddress}/32`, 'dev', 'lo'])
    return
  }
  // Out here, where the internet is.
  prepareGuest()
  let status = await runInside(testUrl)
  if (status === guestStoodStill) {
    console.error('The emulated machine stood still: once more from the beginning.')
    status = await runInside(testUrl)
  }
  process.exit(status)
}

async function runInside(testUrl: string): Promise<number> {
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user']
  const child = spawn(
    'unshare',
    [...asRoot, '--net', process.execPath, ...process.execArgv, fileURLToPath(testUrl)],
    { stdio: 'inherit', env: { ...process.env, [inside]: '1' } },
  )
  const pass = (signal: NodeJS.Signals) => child.kill(signal)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, pass)
  return await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}
