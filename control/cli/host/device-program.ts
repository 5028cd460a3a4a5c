/** Runs the gateway's device program, which loads the engine where the command line does not. */
import { fileURLToPath } from 'node:url'
import type { DeviceAnswers, DeviceRefusal, DeviceRequest } from '../../contract/device-program.ts'
import { CliFailure } from '../failure.ts'
import type { Host } from './linux-host.ts'

const program = fileURLToPath(new URL('../../../gateway/device-program.ts', import.meta.url))

export async function runDeviceProgram<Request extends DeviceRequest>(
  host: Pick<Host, 'run'>,
  request: Request,
): Promise<DeviceAnswers[Request['verb']]> {
  const loader = import.meta.resolve('tsx')
  const words = ['--import', loader, program, JSON.stringify(request)]
  const { output } = await host.run(process.execPath, words)
  const answer = readAnswer<DeviceAnswers[Request['verb']] | DeviceRefusal>(output)
  if (answer === undefined) {
    throw new CliFailure('failed', `The device program failed: ${output}`)
  }
  if ('error' in answer) {
    const { code, message } = answer.error
    const kind = code === 'INVALID_ARGUMENT' ? 'usage' : 'failed'
    throw new CliFailure(kind, `${message}.`, { code })
  }
  return answer
}

/** The last line: others, such as a warning of Node's, may stand before it. */
function readAnswer<Answer>(output: string): Answer | undefined {
  const line = output.split('\n').at(-1) ?? ''
  try {
    return JSON.parse(line) as Answer
  } catch {
    return undefined
  }
}
