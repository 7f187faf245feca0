/** Describes responses that are not the service's. */

const PAGE = /^\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html)/i

/** An error with a name that errors.ts classifies. */
export function named(name: 'UnexpectedAnswer' | 'NotDone' | 'TimeoutError' | 'ProxyRefusal', message: string): Error {
  return Object.assign(new Error(message), { name })
}

/** @param head the start of the body */
export function notAnswer(service: string, status: number, head: string): Error {
  const text = `HTTP ${status}, ${kindOf(status, head)}, not a response from ${service}: is a proxy or captive portal in between?`
  return named('UnexpectedAnswer', text)
}

function kindOf(status: number, head: string): string {
  if (status === 407) return 'a proxy login request'
  if (status >= 300 && status < 400) return 'a redirect'
  if (head.trim() === '') return 'an empty body'
  return PAGE.test(head) ? 'an HTML page' : 'unknown content'
}
