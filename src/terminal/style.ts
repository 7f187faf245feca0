/** Colours, only on a terminal; honours NO_COLOR and TERM=dumb (Node's rules). */
import { styleText } from 'node:util'

export type Style = Readonly<Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>>

type Stream = { isTTY?: boolean; hasColors?: () => boolean }

export function styleOf(stream: Stream): Style {
  const colourful = stream.isTTY === true && stream.hasColors?.() === true
  const paint = (format: keyof Style) => (text: string) => (colourful ? styleText(format, text) : text)
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  }
}
