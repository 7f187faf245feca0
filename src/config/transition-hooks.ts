/** The `hooks` section of a VRRP instance. */
import * as z from 'zod'
import { duration, section } from './section.ts'

const WORDS =
  'a list: the program’s absolute path and its arguments, such as [/usr/local/bin/promote, --now]; no shell is used'
const PROGRAM = 'the program’s absolute path, such as /usr/local/bin/promote; no shell is used'
const transitionHook = section({
  run: z
    .tuple(
      [z.string({ error: PROGRAM }).regex(/^\//, { error: PROGRAM })],
      z.string({ error: 'a string (quote numbers)' }),
      {
        error: WORDS,
      },
    )
    .meta({ description: 'The program, by its absolute path, and its arguments.' }),
  timeout: duration({ least: 100, most: 3_600_000 })
    .prefault('30s')
    .meta({ description: 'Time after which it and all its child processes are killed.' }),
})

export const transitionHooks = section({
  master: transitionHook
    .optional()
    .meta({ description: 'This node has become MASTER, and EC2 has answered its route writes.' }),
  owner: transitionHook
    .optional()
    .meta({ description: 'The routes were read back and confirmed to point at this MASTER.' }),
  backup: transitionHook.optional().meta({ description: 'This node has become BACKUP.' }),
  fault: transitionHook.optional().meta({ description: 'keepalived has found a fault on this node.' }),
  stop: transitionHook.optional().meta({ description: 'keepalived is stopping or gone.' }),
})

export type TransitionHook = z.output<typeof transitionHook>
export type TransitionHookEvent = keyof z.output<typeof transitionHooks>
