/**
 * Checks the model of the replication protocol: all its states keep the promises, and each planted
 * fault is found to break one.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { addCounts, addFailure, progress, type Report } from './report.ts'
import { root } from './root.ts'
import { runProgram } from './run-program.ts'
import { isChosen, type Stage } from './stage.ts'

const model = join(root, 'test', 'spin', 'replication.pml')
const processes = 2
const timeoutSeconds = 300

interface Search {
  readonly name: string
  readonly isFaulty: boolean
  /** Of the model; its first comment says what there is. */
  readonly options: readonly string[]
}

const twoInSync = 'START=3'
const threeInSync = 'START=7'
const calm = 'NO_CRASHES'

/** The long ones first, so that two processes end at about the same time. */
const searches: readonly Search[] = [
  { name: 'three in sync', isFaulty: false, options: [threeInSync, 'EPOCHS=3'] },
  { name: 'two in sync, one joining', isFaulty: false, options: [twoInSync, 'EPOCHS=3'] },
  fault('LEASES_OF_IN_SYNC_ONLY', twoInSync, 'EPOCHS=3', calm),
  fault('LEVEL_BEFORE_ACK', twoInSync, 'EPOCHS=3', calm),
  fault('LEVEL_NOT_REQUIRED', twoInSync, 'EPOCHS=2'),
  fault('NO_GRACE_WAIT', threeInSync, 'EPOCHS=2'),
  fault('ACK_BEFORE_BACKUP', threeInSync, 'EPOCHS=2'),
  fault('ACCEPT_OLD_EPOCH', threeInSync, 'EPOCHS=2'),
  fault('CRASH_FORGETS_PENDING', threeInSync, 'EPOCHS=2'),
]

function fault(name: string, ...options: string[]): Search {
  return { name, isFaulty: true, options: [`FAULT=${name}`, ...options] }
}

export const spinStage: Stage = {
  name: 'spin',
  title: 'the model of the replication protocol, all of its states',
  async run(report, options) {
    if (!isChosen('test/spin/replication.pml', options)) return
    const waiting = [...searches]
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await check(next, report)
      }
    }
    await Promise.all(Array.from({ length: processes }, work))
  },
}

async function check(search: Search, report: Report): Promise<void> {
  const { output, seconds } = await explore(search)
  const states = /^\s*(\d+) states, stored/m.exec(output)?.[1]
  // The program ends with 0 whatever it finds. What it did not look at is said in words only.
  const isWhole =
    /errors: 0$/m.test(output) && !/not completed|too small|out of memory/i.test(output)
  const broken = /assertion violated (\w+)/.exec(output)?.[1]
  const isRight = search.isFaulty ? broken !== undefined : isWhole
  const verdict = search.isFaulty ? `found, as ${broken} fails` : 'every promise holds'
  const result = isRight ? `${verdict}, ${states} states` : 'not as expected'
  progress(isRight ? 'ok' : 'FAILED', `${search.name}: ${result}`, seconds)
  if (isRight) addCounts(report, { passed: 1, failed: 0, skipped: 0 })
  else addFailure(report, { title: `spin: ${search.name}`, output })
}

/** Makes the program that walks the states, and runs it; the output ends where a step failed. */
async function explore(search: Search): Promise<{ output: string; seconds: number }> {
  const cwd = join(root, 'build', 'spin', search.options.join('-').replaceAll('=', ''))
  await mkdir(cwd, { recursive: true })
  const steps: readonly (readonly [string, readonly string[]])[] = [
    ['spin', [...search.options.map((option) => `-D${option}`), '-a', model]],
    // HC4: of each state its hash is kept. Warnings about generated code help nobody (-w).
    ['gcc', ['-w', '-O2', '-DSAFETY', '-DNOFAIR', '-DHC4', '-o', 'pan', 'pan.c']],
    [join(cwd, 'pan'), ['-m100000', '-w25']],
  ]
  let output = ''
  let seconds = 0
  for (const [program, args] of steps) {
    const result = await runProgram(program, args, { cwd, timeoutSeconds })
    output += result.output
    seconds += result.seconds
    if (result.timedOut) output += `${program}: more than ${timeoutSeconds} s\n`
    if (result.code !== 0) break
  }
  return { output, seconds }
}
