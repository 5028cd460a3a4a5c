/**
 * `npm start` and `npm run cluster`: sets the machine up with nothing but Node.js itself, then
 * brings up a whole cell on it.
 */
import { runMain } from '../../configs/setup/failure.mjs'
import { setUp } from '../../configs/setup.mjs'
import { readOptions, usage } from './options.mjs'

await runMain(async () => {
  const options = readOptions(process.argv.slice(2))
  if (options.help) return console.log(usage)
  setUp(options.cluster ? 'cluster' : 'start')
  // From here on the packages are there, and with them TypeScript.
  const { register } = await import('tsx/esm/api')
  register()
  const { runCell } = await import('./run-cell.ts')
  process.exitCode = await runCell(options)
})
