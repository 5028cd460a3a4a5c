/** The command that hosts paste. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { connectCommand } from '../../../control/present/connect-command.ts'

const connection = {
  address: '192.0.2.1',
  port: 4420,
  subsystemNqn: 'nqn.2026-01.io.ashlar:vol-0000000000000001',
  hostNqn: 'nqn.2014-08.org.nvmexpress:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427',
}

test('the command connects, and does not give up', () => {
  assert.is(
    connectCommand(connection),
    'nvme connect -t tcp -a 192.0.2.1 -s 4420 -n nqn.2026-01.io.ashlar:vol-0000000000000001 ' +
      '-q nqn.2014-08.org.nvmexpress:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427 ' +
      '--ctrl-loss-tmo=-1 --reconnect-delay=2',
  )
  assert.match(connectCommand({ ...connection, address: '2001:db8::1' }), ' -a 2001:db8::1 ')
})

test('what a shell would act on is quoted', () => {
  for (const bad of [
    'a b',
    '$(x)',
    '`x`',
    'a;b',
    'a&b',
    'a|b',
    'a>b',
    '"',
    '*',
    '~',
    '!',
    '#',
    '\\',
  ])
    assert.match(connectCommand({ ...connection, hostNqn: bad }), ` -q '${bad}' `)
  assert.match(connectCommand({ ...connection, hostNqn: "it's" }), ` -q 'it'\\''s' `)
})

test.run()
