/** Asks questions on the terminal: on stderr, since stdout is for results. */
import { createInterface } from 'node:readline'
import { forPeople, type Printable } from './print.ts'

export type Dialogue = {
  /** The trimmed answer; undefined after the end of input or Ctrl-C. */
  ask(question: Printable): Promise<string | undefined>
  close(): void
}

/** Opens one dialogue for all questions, so that typed-ahead or pasted input answers the next ones. */
export function openDialogue(): Dialogue {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const typed: string[] = []
  let waiting: ((line: string | undefined) => void) | undefined
  let isClosed = false
  terminal.on('line', (line) => {
    if (!waiting) typed.push(line.trim())
    waiting?.(line.trim())
    waiting = undefined
  })
  terminal.on('close', () => {
    isClosed = true
    waiting?.(undefined)
  })
  return {
    async ask(question) {
      if (isClosed) return typed.shift()
      terminal.setPrompt(question)
      terminal.prompt()
      return (
        typed.shift() ??
        new Promise((resolve) => {
          waiting = resolve
        })
      )
    },
    close: () => terminal.close(),
  }
}

const yesOrNo = forPeople((question: string) => `${question} [y/N] `)

/** Asks a yes/no question; anything but yes is no, including the end of input. */
export async function ask(question: string): Promise<boolean> {
  const dialogue = openDialogue()
  try {
    return /^y(es)?$/i.test((await dialogue.ask(yesOrNo(question))) ?? '')
  } finally {
    dialogue.close()
  }
}
