/** How much processor time processes have used, as /proc/PID/stat has it. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Of a process that runs, in seconds; of its threads that have ended, too. */
export function processSeconds(pid: number): number {
  return seconds(ticksOf(readFileSync(`/proc/${pid}/stat`, 'utf8')).own)
}

/** Of the children of this process that have ended, in seconds. */
export function endedChildrenSeconds(): number {
  return seconds(ticksOf(readFileSync('/proc/self/stat', 'utf8')).endedChildren)
}

/** User and system time; the program's name, in parentheses, may hold anything. */
export function ticksOf(stat: string) {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number)
  return {
    own: (user ?? 0) + (system ?? 0),
    endedChildren: (childUser ?? 0) + (childSystem ?? 0),
  }
}

let ticksPerSecond = 0

function seconds(ticks: number): number {
  ticksPerSecond ||= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  return ticks / ticksPerSecond
}
