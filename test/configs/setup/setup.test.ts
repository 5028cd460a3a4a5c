/** The set-up's parts: what is missing, what is current, and how a failure ends. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import { equal, is, match } from 'uvu/assert'
import { isInstalled, look, work } from '../../../configs/setup/command.mjs'
import { areCurrent } from '../../../configs/setup/modules.mjs'
import { missingPackages, packagesFor } from '../../../configs/setup/packages.mjs'
import { root } from '../../support/root.ts'
import { runProgram } from '../../support/run-program.ts'

const test = suite('setup')

test('looks at a program’s output and exit code', () => {
  equal(look('sh', ['-c', 'echo out; echo err >&2; exit 3']), { code: 3, output: 'out\nerr\n' })
  is(look('no-such-program', []).code, 127)
  is(isInstalled('sh'), true)
  is(isInstalled('no-such-program'), false)
  is(work('sh', ['-c', 'exit 4']), 4)
})

test('every purpose has what building needs', () => {
  const purposes = Object.values(packagesFor)
  is(purposes.length, 5)
  for (const names of purposes) is(names.includes('cmake'), true)
})

test('finds the packages that are missing', () => {
  const missing = missingPackages(['dpkg', 'no-such-package-of-debian'])
  // Undefined on a distribution without dpkg.
  if (missing) equal(missing, ['no-such-package-of-debian'])
})

test('npm packages are current when they are newer than the lock file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-setup-'))
  is(areCurrent(folder), false)
  mkdirSync(join(folder, 'node_modules'))
  const [lock, installed] = ['package-lock.json', 'node_modules/.package-lock.json'].map((name) =>
    join(folder, name),
  ) as [string, string]
  for (const path of [lock, installed]) writeFileSync(path, '')
  utimesSync(lock, 100, 100)
  utimesSync(installed, 200, 200)
  is(areCurrent(folder), true)
  utimesSync(lock, 300, 300)
  is(areCurrent(folder), false)
  rmSync(folder, { recursive: true })
})

test('a failure becomes a sentence and exit code 1, a defect a stack trace', async () => {
  const { code, output } = await runProgram(
    process.execPath,
    ['configs/setup.mjs', 'no-such-purpose'],
    { cwd: root, timeoutSeconds: 30 },
  )
  is(code, 1)
  is(output.trim(), 'Say what for: start, cluster, build, perf, test.')
  const script = `import { runMain } from './configs/setup/failure.mjs'
    await runMain(() => { throw new TypeError('a defect') })`
  const defect = await runProgram(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    timeoutSeconds: 30,
  })
  is(defect.code, 1)
  match(defect.output, /TypeError: a defect\n.*at /s)
})

test.run()
