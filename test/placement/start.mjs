/** Simulates placement: `npm run placement`. Words behind `--` are the simulator's. */
import { spawn } from 'node:child_process'
import { runMain } from '../../configs/setup/failure.mjs'
import { installModules } from '../../configs/setup/modules.mjs'
import { root } from '../../configs/setup.mjs'

await runMain(() => {
  installModules(root)
  const args = ['--import', 'tsx', 'test/placement/run-simulator.ts', ...process.argv.slice(2)]
  const runner = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => runner.kill(signal))
  runner.on('exit', (code) => {
    process.exitCode = code ?? 1
  })
})
