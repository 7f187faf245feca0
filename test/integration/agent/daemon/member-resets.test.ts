import { expect, test, vi } from 'vitest'
import { environmentFor, runProgram } from '../../../support/cli.ts'
import { createDaemon, statusOnSocket, tellMaster, writeDaemonConfig } from '../../../support/daemon.ts'
import { endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { eniOf, setTarget, targets } from '../../../support/node.ts'
import { claim } from '../../../support/onlooker.ts'

startEndpointForEachTest()

test('a tool that sets the route to the standby again and again is fought, and named', async () => {
  claim('db-2', 'BACKUP', 100)
  const config = writeDaemonConfig({ interval: '1s' })
  await createDaemon(config).start()
  tellMaster()
  await vi.waitFor(
    async () => {
      // As Terraform would, whenever it finds the route elsewhere.
      if (targets()['private-a'] === eniOf('db-1'))
        setTarget('private-a', { field: 'networkInterfaceId', id: eniOf('db-2') })
      expect((await statusOnSocket()).instances[0]?.details).toMatchObject([{ kind: 'external-writer' }])
    },
    { timeout: 50_000, interval: 500 },
  )
  expect((await statusOnSocket()).instances[0]?.counters.heals).toBeGreaterThanOrEqual(3)
  // It is taken back as fast as ever.
  await vi.waitFor(() => expect(targets()['private-a']).toBe(eniOf('db-1')), 10_000)

  const run = (...command: string[]) => runProgram([...command, '--config', config], environmentFor(endpoint))
  const sentence = 'routes were set to db-2, which does not claim them: look for Terraform, another tool, an operator'
  const status = await run('status')
  expect(status.stdout.replace(/\s+/g, ' ')).toContain(sentence)
  expect(status.stdout.replace(/\s+/g, ' ')).toContain(
    '→ search CloudTrail for ReplaceRoute (also CreateRoute, DeleteRoute)',
  )
  const check = await run('check')
  expect(check.exitCode).toBe(1)
  expect(check.stdout).toContain(`VI_1: ${sentence}`)
  const metrics = await run('metrics', '--format', 'prometheus')
  expect(metrics.stdout).toMatch(/^vip_switch_detail\{.*detail="external-writer"\} 1$/m)
}, 90_000)
