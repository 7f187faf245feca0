/** Notes that accompany a command's result. */
import { forPeople } from './print.ts'
import { widthOf, wrapped } from './table.ts'

/** For stderr. @param indent of all lines but the first */
export const hintText = forPeople((text: string, indent?: number) => wrapped(text, widthOf(process.stderr), indent))
