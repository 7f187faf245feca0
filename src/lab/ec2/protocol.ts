import { XMLBuilder } from 'fast-xml-parser'
import { type ApiError, invalidValue, missingParameter } from './errors.ts'

/** A request's parameters, with flat names: `Filter.1.Value.2`. */
export type Params = Readonly<Record<string, string>>

/** Content of a response body; `undefined` is left out. */
export type Xml = string | number | boolean | undefined | readonly Xml[] | { readonly [name: string]: Xml }

/** Parses `a=b&Filter.1.Name=c`: a request's body or query. */
export function parseForm(form: string): Params {
  return Object.fromEntries(new URLSearchParams(form))
}

/** One parameter; an empty one counts as absent. */
export function text(params: Params, name: string): string | undefined {
  return params[name] || undefined
}

/** One parameter. @throws ApiError MissingParameter */
export function requiredText(params: Params, name: string): string {
  const value = text(params, name)
  if (value === undefined) throw missingParameter(name)
  return value
}

/** A boolean parameter, false when absent. @throws ApiError InvalidParameterValue */
export function flag(params: Params, name: string): boolean {
  const value = text(params, name)?.toLowerCase()
  if (value === undefined || value === 'false') return false
  if (value === 'true') return true
  throw invalidValue(name, value, 'Expecting true or false.')
}

/** `Name.1`, `Name.2` and so on, in numerical order. */
export function list(params: Params, name: string): string[] {
  return structures(params, name).map((structure) => structure[''] ?? '')
}

/** `Name.1.Key`, `Name.1.Value`, `Name.2.Key` and so on, as one record per number. A plain `Name.1` gets the key ''. */
export function structures(params: Params, name: string): Params[] {
  const found = new Map<number, Record<string, string>>()
  for (const [key, value] of Object.entries(params)) {
    const [, index, member = ''] = key.startsWith(`${name}.`)
      ? (/^(\d+)(?:\.(.+))?$/.exec(key.slice(name.length + 1)) ?? [])
      : []
    if (index === undefined) continue
    const structure = found.get(Number(index)) ?? {}
    structure[member] = value
    found.set(Number(index), structure)
  }
  return [...found].sort(([a], [b]) => a - b).map(([, structure]) => structure)
}

/** A list in EC2's shape. */
export function items(elements: readonly Xml[]): Xml {
  return { item: elements }
}

const builder = new XMLBuilder({ ignoreAttributes: false, suppressEmptyNode: true })

function document(root: string, namespace: string | undefined, content: { readonly [name: string]: Xml }): string {
  return builder.build({
    '?xml': { '@_version': '1.0', '@_encoding': 'UTF-8' },
    [root]: namespace === undefined ? content : { '@_xmlns': namespace, ...content },
  })
}

/** The endpoint's two services, each with its own response envelope. */
export type Service = 'ec2' | 'sts'

const STS_NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'

/** A successful response in the service's envelope. */
export function renderAnswer(
  service: Service,
  action: string,
  requestId: string,
  body: { readonly [name: string]: Xml },
): string {
  switch (service) {
    case 'ec2':
      return document(`${action}Response`, 'http://ec2.amazonaws.com/doc/2016-11-15/', { requestId, ...body })
    case 'sts':
      return document(`${action}Response`, STS_NAMESPACE, {
        [`${action}Result`]: body,
        ResponseMetadata: { RequestId: requestId },
      })
  }
}

/** An error response in the service's envelope. */
export function renderError(service: Service, requestId: string, error: ApiError): string {
  const { code: Code, message: Message, status } = error
  switch (service) {
    case 'ec2':
      return document('Response', undefined, { Errors: { Error: { Code, Message } }, RequestID: requestId })
    case 'sts':
      return document('ErrorResponse', STS_NAMESPACE, {
        Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code, Message },
        RequestId: requestId,
      })
  }
}
