/**
 * Runs a simulator until a seed fails: `npm run sim` that of stores, `npm run sim -- group` that of
 * placement groups. Further words are the program's: `npm run sim -- group --seed 7 --trace`
 * replays one seed.
 */
import { spawn } from 'node:child_process'
import { runMain } from '../../configs/setup/failure.mjs'
import { prepare, root } from '../../configs/setup.mjs'

await runMain(() => {
  prepare('test')
  const args = ['--import', 'tsx', 'test/sim/run-sim.ts', ...process.argv.slice(2)]
  const runner = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => runner.kill(signal))
  runner.on('exit', (code) => {
    process.exitCode = code ?? 1
  })
})
