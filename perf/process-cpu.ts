/** How much processor time processes have used. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Of all threads of a process that runs, in seconds. */
export function processSeconds(pid: number): number {
  const tasks = `/proc/${pid}/task`
  const nanoseconds = readdirSync(tasks).map((thread) => {
    const [ran = '0'] = readFileSync(`${tasks}/${thread}/schedstat`, 'utf8').split(' ')
    return Number(ran)
  })
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e9
}

let ticksPerSecond = 0

/** Of the children of this process that have ended, in seconds. */
export function endedChildrenSeconds(): number {
  ticksPerSecond ||= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  return childTicks(readFileSync('/proc/self/stat', 'utf8')) / ticksPerSecond
}

/** User and system time; the program's name, in parentheses, may hold anything. */
export function childTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[13]) + Number(fields[14])
}
