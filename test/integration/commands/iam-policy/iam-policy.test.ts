/** Whether the policy that the program prints is enough for all that it does, and no more than that. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { judge, type PermissionRequest } from '../../../../src/lab/ec2/iam/judge.ts'
import { type Policy, policySchema, type Statement } from '../../../../src/lab/ec2/iam/policy.ts'
import type { Ec2Endpoint } from '../../../../src/lab/ec2/server.ts'
import { type Policed, type Policies, startPoliced } from '../../../support/policed.ts'
import { type PolicedRun, RUNS } from '../../../support/policed-runs.ts'

const nameOf = ({ command, args }: PolicedRun) => [command, ...args].join(' ')
const denials = ({ requests }: Ec2Endpoint) =>
  requests.filter(({ error = '' }) => ['UnauthorizedOperation', 'AccessDenied'].includes(error))

/** Runs one, and tells what permission it needed. */
async function ask(policed: Policed, run: PolicedRun) {
  const { requests } = policed.endpoint
  const before = requests.length
  const { exitCode, stdout, stderr } = await (run.by?.(policed) ?? policed.run(run.command, ...run.args))
  const permissions = requests.slice(before).flatMap((request) => request.permissions ?? [])
  return { run, permissions, exitCode, said: `${stdout}\n${stderr}` }
}

/** What the policies say of a request. */
const judged = (policies: Policies, request: PermissionRequest) =>
  judge(policies.get(request.principal) ?? { Version: '2012-10-17', Statement: [] }, request)

type Narrowing = { readonly what: string; readonly statement: Statement; readonly narrowed: Statement | undefined }

/** Every way to leave a part of the policy out: a statement, or one of the actions, resources or values in it. */
function narrowings({ Statement: statements }: Policy): Narrowing[] {
  return statements.flatMap((statement) => {
    const { Sid = '?', Action, Resource, Condition = {} } = statement
    const narrower = (what: string, narrowed?: Statement) => ({ what: `${Sid} ${what}`, statement, narrowed })
    return [
      narrower('(all of it)'),
      ...shorter(Action).map(([left, rest]) => narrower(left, { ...statement, Action: rest })),
      ...shorter(Resource).map(([left, rest]) => narrower(left, { ...statement, Resource: rest })),
      ...Object.entries(Condition).flatMap(([operator, wanted = {}]) =>
        Object.entries(wanted).flatMap(([key, values]) =>
          shorter([values].flat()).map(([left, rest]) =>
            narrower(left, { ...statement, Condition: { ...Condition, [operator]: { ...wanted, [key]: rest } } }),
          ),
        ),
      ),
    ]
  })
}

/** Each value of several, and the others. */
function shorter(values: readonly string[]): [string, string[]][] {
  return values.length < 2 ? [] : values.map((value) => [value, values.filter((other) => other !== value)])
}

/** The policies with one part less. */
function without(policies: Policies, principal: string, { statement, narrowed }: Narrowing): Policies {
  const { Version, Statement } = policySchema.parse(policies.get(principal))
  const rest = Statement.flatMap((each) => (each.Sid === statement.Sid ? (narrowed ?? []) : each))
  return new Map([...policies, [principal, { Version, Statement: rest }]])
}

/** A pair with the program's policies enforced, after everything was run. */
async function afterAllRuns(assumeRole: boolean) {
  const policed = await startPoliced(assumeRole)
  const policies = await policed.print()
  policed.enforce(policies)
  const asked: Awaited<ReturnType<typeof ask>>[] = []
  for (const run of RUNS) asked.push(await ask(policed, run))
  return { policed, policies, asked }
}

const kinds = [
  { title: 'the one policy', assumeRole: false },
  { title: 'the two policies with assumeRole', assumeRole: true },
] as const
const results = new Map<boolean, Awaited<ReturnType<typeof afterAllRuns>>>()
// Both at once: a hook waits for seconds before it looks again.
beforeAll(() =>
  Promise.all(kinds.map(async ({ assumeRole }) => results.set(assumeRole, await afterAllRuns(assumeRole)))),
)
afterAll(() => Promise.all([...results.values()].map(({ policed }) => policed.close())))

function resultOf(assumeRole: boolean) {
  const result = results.get(assumeRole)
  if (!result) throw new Error('not run')
  return result
}

describe.each(kinds)('$title', ({ assumeRole }) => {
  test('is enough for all that is run', () => {
    const { policed, asked } = resultOf(assumeRole)
    const failed = asked.filter(({ exitCode }) => exitCode !== 0)
    expect(failed.map(({ run, said }) => `${nameOf(run)}: ${said}`)).toEqual([])
    expect(denials(policed.endpoint)).toEqual([])
  })

  test('has no part that nothing needs', () => {
    const { policies, asked } = resultOf(assumeRole)
    const permissions = asked
      .flatMap((each) => each.permissions)
      .filter((permission) => judged(policies, permission) === 'allow')
    const unneeded = [...policies].flatMap(([principal, policy]) =>
      narrowings(policy).filter((narrowing) => {
        const narrower = without(policies, principal, narrowing)
        return permissions.every((permission) => judged(narrower, permission) === 'allow')
      }),
    )
    expect(unneeded.map(({ what }) => what)).toEqual([])
  })

  test('fails something, and says what, without any of its statements', async () => {
    const { policies, asked } = resultOf(assumeRole)
    for (const [principal, policy] of policies) {
      for (const statement of policy.Statement) {
        const narrower = without(policies, principal, { what: '', statement, narrowed: undefined })
        const isMissed = (permission: PermissionRequest) => judged(narrower, permission) !== 'allow'
        const first = asked.find(({ permissions }) => permissions.some(isMissed))
        if (!first) throw new Error(`nothing needs ${statement.Sid}`)
        const other = await startPoliced(assumeRole)
        onTestFinished(other.close)
        other.enforce(narrower)
        const { said } = await ask(other, first.run)
        const [denied] = denials(other.endpoint)
        expect(denied, `${nameOf(first.run)} without ${statement.Sid}`).toBeDefined()
        expect(statement.Action).toContain(denied?.permissions?.[0]?.action)
        expect(said).toContain(`is not authorized to perform: ${denied?.permissions?.[0]?.action}`)
      }
    }
  })
})
