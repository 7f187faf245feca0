/** `vip-switch init`: creates the config, the keepalived.conf snippet and the IAM policy for a new node. */
import { dirname, join } from 'node:path'
import { keepalivedSnippet, leftOutText } from '../../adapters/keepalived/snippet.ts'
import { callContextFor } from '../../agent/node/route-port.ts'
import { assertNew, createFiles } from '../../config/new-files.ts'
import { DEFAULT_CONFIG_PATH } from '../../config/paths.ts'
import { EXIT, type ExitCode } from '../../terminal/exit-code.ts'
import { openLog } from '../../terminal/log.ts'
import { print } from '../../terminal/print.ts'
import { policiesOf } from '../iam-policy/policy.ts'
import { assertOneFamily, programPath } from '../keepalived-config/keepalived-config.ts'
import { includeSnippet } from './include.ts'
import { CONFIG, nextSteps, OWNERS_POLICY, POLICY, SNIPPET } from './next-steps.ts'
import { initJson, madeText, notesText } from './output.ts'
import { type InitOptions, type Plan, planFirst, planJoin } from './plan.ts'
import { lookAround } from './surroundings.ts'

const LOOK_DEADLINE_MS = 10_000

/** @throws Failure of kind `usage`, `config` or `refused`, before anything is written */
export async function init(options: InitOptions): Promise<ExitCode> {
  const names = [CONFIG, SNIPPET, POLICY, ...(options.assumeRole === undefined ? [] : [OWNERS_POLICY])]
  // Before any question.
  assertNew(options.directory, names)
  const surroundings = await lookAround(
    { interface: options.interface, assumeRole: options.assumeRole, region: options.region },
    callContextFor(LOOK_DEADLINE_MS, openLog(options.logFormat)),
  )
  const plan = await (options.join === undefined
    ? planFirst(options, surroundings)
    : planJoin(options.join, options, surroundings))
  const { config, instances, text } = plan
  for (const { source, peers } of instances) assertOneFamily(source ? [source, ...peers] : peers)
  const snippet = keepalivedSnippet({
    program: programPath(),
    fifo: config.keepalived.fifo,
    routerId: options.virtualRouterId,
    instances,
  })
  const policies = policiesOf(config, { region: surroundings.ec2?.region, account: surroundings.own?.account })
  const texts = new Map([
    [CONFIG, text],
    [SNIPPET, snippet.text],
    [POLICY, json(policies.instance)],
  ])
  if (policies.routeOwner) texts.set(OWNERS_POLICY, json(policies.routeOwner))
  createFiles(options.directory, texts)
  const included =
    options.directory === dirname(DEFAULT_CONFIG_PATH) ? includeSnippet(join(options.directory, SNIPPET)) : undefined

  const notes = [
    ...surroundings.problems.map((problem) => `not checked: ${problem}`),
    ...snippet.leftOut.map(leftOutText),
    ...plan.notes,
  ]
  const files = [...texts.keys()].map((name) => ({ path: join(options.directory, name), what: whatIsIn(name, plan) }))
  if (included !== undefined) files.push({ path: included, what: `includes ${join(options.directory, SNIPPET)}` })
  if (options.json) print(initJson(files, notes))
  else {
    if (notes.length > 0) print(notesText(notes), process.stderr)
    print(madeText(files, nextSteps(plan, options, included !== undefined)))
  }
  return EXIT.done
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

function whatIsIn(name: string, { config, instances }: Plan): string {
  switch (name) {
    case CONFIG:
      return `${Object.keys(config.instances).join(', ')}; the same on every node`
    case SNIPPET: {
      const [{ source, priority, peers } = {}] = instances
      return `${source?.text}, priority ${priority}, with ${(peers ?? []).map(({ text }) => text).join(', ')}`
    }
    case POLICY:
      return 'the permissions of the instances’ role'
    default:
      return 'the permissions of the role that owns the route tables'
  }
}
