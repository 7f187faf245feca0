/** Reads examples/cloudformation/pair.yaml as CloudFormation does, as far as that template needs. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type CollectionTag, parse, type ScalarTag } from 'yaml'
import * as z from 'zod'

export const TEMPLATE = fileURLToPath(new URL('../../examples/cloudformation/pair.yaml', import.meta.url))

const FUNCTIONS = ['Equals', 'GetAtt', 'GetAZs', 'If', 'Not', 'Select', 'Sub']

/** `!Sub text` is short for `{ Fn::Sub: text }`. */
const longName = (name: string) => (name === 'Ref' ? name : `Fn::${name}`)
const shortForms = ['Ref', ...FUNCTIONS].flatMap((name): (ScalarTag | CollectionTag)[] => [
  { tag: `!${name}`, resolve: (text: string) => ({ [longName(name)]: text }) },
  { tag: `!${name}`, collection: 'seq', resolve: (items) => ({ [longName(name)]: items }) },
])

const templateSchema = z.looseObject({
  Parameters: z.record(z.string(), z.looseObject({ Type: z.string(), Default: z.string().optional() })),
  Conditions: z.record(z.string(), z.unknown()),
  Resources: z.record(
    z.string(),
    z.looseObject({
      Type: z.string(),
      Condition: z.string().optional(),
      Properties: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
})

export type Template = z.output<typeof templateSchema>

export function readTemplate(): Template {
  const value: unknown = parse(readFileSync(TEMPLATE, 'utf8'), { customTags: shortForms })
  // The short forms within collections are nodes of the parser until they are plain data.
  return templateSchema.parse(JSON.parse(JSON.stringify(value)))
}

export type Stack = {
  /** Of parameters, resources and pseudo parameters, by their names: what `Ref` gives. */
  readonly refs: Readonly<Record<string, string>>
  /** What `GetAtt` gives, by `Resource.Attribute`. */
  readonly attributes?: Readonly<Record<string, string>>
}

/** The value with its functions worked out. @throws an error for a name that the stack does not have */
export function evaluate(value: unknown, template: Template, { refs, attributes = {} }: Stack): unknown {
  function named(name: string): string {
    const found = name.includes('.') ? attributes[name] : (refs[name] ?? template.Parameters[name]?.Default)
    if (found === undefined) throw new Error(`the stack has no ${name}`)
    return found
  }
  const functions: Readonly<Record<string, (argument: unknown) => unknown>> = {
    Ref: (name) => (name === 'AWS::NoValue' ? undefined : named(String(name))),
    'Fn::GetAtt': (name) => named(String(name)),
    'Fn::Sub': (text) => String(text).replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => named(name)),
    'Fn::Base64': worked,
    'Fn::Equals': (sides) => {
      const [left, right] = listOf(sides).map(worked)
      return left === right
    },
    'Fn::Not': (conditions) => !worked(listOf(conditions)[0]),
    'Fn::If': (parts) => {
      const [condition, yes, no] = listOf(parts)
      return worked(worked(template.Conditions[String(condition)]) ? yes : no)
    },
  }
  function worked(part: unknown): unknown {
    if (Array.isArray(part)) return part.map(worked).filter((each) => each !== undefined)
    if (typeof part !== 'object' || part === null) return part
    const [[name, argument] = ['']] = Object.entries(part)
    const work = functions[name]
    if (work) return work(argument)
    return Object.fromEntries(Object.entries(part).map(([key, each]) => [key, worked(each)]))
  }
  return worked(value)
}

const listOf = (value: unknown): unknown[] => [value].flat()

/** The script that both nodes run at their first boot. */
export function userDataOf(template: Template, stack: Stack): string {
  const { LaunchTemplateData } = z
    .object({ LaunchTemplateData: z.object({ UserData: z.unknown() }) })
    .parse(template.Resources.Node?.Properties)
  return z.string().parse(evaluate(LaunchTemplateData.UserData, template, stack))
}
