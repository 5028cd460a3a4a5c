/** Starts the test runner: prepares the machine first, with nothing but Node.js itself. */
import { spawn } from 'node:child_process'
import { runMain } from '../../configs/setup/failure.mjs'
import { prepare, root } from '../../configs/setup.mjs'

await runMain(() => {
  prepare('test')
  const args = ['--import', 'tsx', 'test/support/run.ts', ...process.argv.slice(2)]
  const runner = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
  // The runner stops its own children; this process only waits for it.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => runner.kill(signal))
  runner.on('exit', (code) => {
    process.exitCode = code ?? 1
  })
})
