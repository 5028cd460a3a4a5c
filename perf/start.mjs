/** Starts the measurements: prepares the machine and the engine first, with nothing but Node.js. */
import { spawn } from 'node:child_process'
import { runMain } from '../configs/setup/failure.mjs'
import { root, setUp } from '../configs/setup.mjs'

await runMain(() => {
  setUp('perf')
  const args = ['--import', 'tsx', 'perf/run.ts', ...process.argv.slice(2)]
  const runner = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => runner.kill(signal))
  runner.on('exit', (code) => {
    process.exitCode = code ?? 1
  })
})
