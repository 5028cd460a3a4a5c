/**
 * Builds the Node addon with CMake and Ninja; nothing happens when nothing has changed.
 *
 * Plain Node.js: it runs before anything else of the project can. A lock keeps two of them, such as
 * two tests that start at once, out of each other's way.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('.', import.meta.url))
const folder = join(source, '..', 'build', 'addon')
const ninja = ['ninja', '-C', folder, 'addon']

mkdirSync(folder, { recursive: true })
if (!existsSync(join(folder, 'build.ninja'))) {
  run(['cmake', '-S', source, '-B', folder, '-G', 'Ninja', '-DASHLAR_ADDON=ON'], 'pipe')
}
if (!run([...ninja, '-n'], 'pipe').includes('no work to do')) {
  console.log('Building the engine with CMake and Ninja; the first time takes a minute or two.')
  run(ninja, 'inherit')
}

/** The program's output, when it is piped; on failure the build ends with what it said. */
function run(command, output) {
  const [program, ...args] = ['flock', join(folder, '.lock'), ...command]
  const done = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', output, output] })
  if (done.status === 0) return done.stdout ?? ''
  if (done.error) {
    console.error(`The engine cannot be built: ${program} cannot be run (${done.error.message}).`)
  } else {
    console.error(done.stdout ?? '', done.stderr ?? '')
    console.error(
      `The engine could not be built: ${command[0]} failed. ` +
        'Where a tool is missing, "npm run build" installs it.',
    )
  }
  process.exit(1)
}
