/** What a hook loads: no more of the program than its event asks for. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { ControlRequest } from '../../../src/agent/control/messages.ts'
import { serveControl } from '../../../src/agent/daemon/control-server.ts'
import { copyProgram, environmentFor, logLines } from '../../support/cli.ts'
import { directory, endpoint, startEndpointForEachTest } from '../../support/endpoint.ts'
import { both, byIds, eniOf, MASTER, targets } from '../../support/node.ts'

let program: string

startEndpointForEachTest()
beforeEach(() => {
  program = copyProgram(directory)
})

const control = () => join(directory, 'control.sock')

/** Runs the copied program as a hook, without these of its bundles. */
async function hookWithout(bundles: readonly string[], controlLine = `control: ${control()}`) {
  for (const bundle of bundles) rmSync(join(directory, 'dist', bundle))
  const path = join(directory, 'config.yaml')
  writeFileSync(path, `cluster: db\neni: ${eniOf('db-2')}\n${controlLine}\ninstances:\n  VI_1: { ${byIds()} }\n`)
  const env = environmentFor(endpoint, {
    VIP_SWITCH_CONFIG: path,
    RUNTIME_DIRECTORY: directory,
    STATE_DIRECTORY: directory,
  })
  return execa(program, ['notify', ...MASTER], { env, extendEnv: false, reject: false, stdin: 'ignore' })
}

async function serve(): Promise<ControlRequest[]> {
  const asked: ControlRequest[] = []
  const controller = new AbortController()
  onTestFinished(() => controller.abort())
  const take = (request: ControlRequest) => {
    asked.push(request)
    return 'taken'
  }
  await serveControl(control(), take, controller.signal)
  return asked
}

test('what a daemon takes is handed over by the first of them alone', async () => {
  const asked = await serve()
  expect(await hookWithout(['hook.cjs', 'program.cjs'])).toMatchObject({ exitCode: 0, stderr: '' })
  expect(asked).toMatchObject([{ ask: 'event', values: MASTER }])
})

test('a socket whose name takes a parser to read is found all the same', async () => {
  const asked = await serve()
  expect(await hookWithout(['program.cjs'], `"control": '${control()}'`)).toMatchObject({ exitCode: 0 })
  expect(asked).toHaveLength(1)
})

test('without a daemon, the second does all that is to be done', async () => {
  const run = await hookWithout(['program.cjs'])
  expect(run.exitCode).toBe(0)
  expect(targets()).toEqual(both(eniOf('db-2')))
  expect(logLines(run).map(({ msg }) => msg)).toContain('routes confirmed')
})
