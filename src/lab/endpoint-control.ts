/** Inspects a running EC2 endpoint over its Unix socket, which is reachable from every network namespace. */
import { request } from 'node:http'
import { XMLParser } from 'fast-xml-parser'
import * as z from 'zod'
import { bodyOf } from './ec2/http.ts'

const routeTablesSchema = z.object({
  DescribeRouteTablesResponse: z.object({
    routeTableSet: z.object({
      item: z.array(
        z.object({
          routeTableId: z.string(),
          routeSet: z.object({
            item: z.array(
              z.object({
                destinationCidrBlock: z.string().optional(),
                destinationIpv6CidrBlock: z.string().optional(),
                networkInterfaceId: z.string().optional(),
                state: z.string(),
              }),
            ),
          }),
        }),
      ),
    }),
  }),
})

const tagsSchema = z.object({
  DescribeTagsResponse: z.object({
    // Empty, it is a text.
    tagSet: z
      .object({ item: z.array(z.object({ resourceId: z.string(), value: z.string() })) })
      .or(z.string().transform(() => ({ item: [] }))),
  }),
})

const requestsSchema = z.array(
  z.object({
    action: z.string(),
    params: z.record(z.string(), z.string()),
    /** Arrival time, in milliseconds since the epoch. */
    at: z.number(),
    status: z.number().optional(),
  }),
)

/** A route to a network interface. */
export type InterfaceRoute = {
  readonly table: string
  readonly destination: string
  readonly target: string
  readonly state: string
}

export type EndpointRequest = z.infer<typeof requestsSchema>[number]

/** Each call throws a connection error, or an error with the endpoint's refusal. */
export type EndpointControl = {
  /** Current routes to network interfaces in all tables, as EC2 describes them. */
  routes(): Promise<InterfaceRoute[]>
  /** The values of a tag, by the id of its resource. */
  tags(key: string): Promise<ReadonlyMap<string, string>>
  /** The endpoint's requests, in order of arrival. */
  requests(): Promise<EndpointRequest[]>
}

const xml = new XMLParser({ parseTagValue: false, isArray: (name) => name === 'item' })

/** Controls the endpoint that listens on this Unix socket. */
export function endpointControl(socketPath: string): EndpointControl {
  return {
    async routes() {
      const text = await send(socketPath, '/', 'Action=DescribeRouteTables&Version=2016-11-15')
      const { routeTableSet } = routeTablesSchema.parse(xml.parse(text)).DescribeRouteTablesResponse
      return routeTableSet.item.flatMap(({ routeTableId, routeSet }) =>
        routeSet.item.flatMap(({ destinationCidrBlock, destinationIpv6CidrBlock, networkInterfaceId, state }) => {
          const destination = destinationCidrBlock ?? destinationIpv6CidrBlock
          return destination && networkInterfaceId
            ? [{ table: routeTableId, destination, target: networkInterfaceId, state }]
            : []
        }),
      )
    },
    async tags(key) {
      const filter = new URLSearchParams({ 'Filter.1.Name': 'key', 'Filter.1.Value.1': key })
      const text = await send(socketPath, '/', `Action=DescribeTags&Version=2016-11-15&${filter}`)
      const { tagSet } = tagsSchema.parse(xml.parse(text)).DescribeTagsResponse
      return new Map(tagSet.item.map(({ resourceId, value }) => [resourceId, value]))
    },
    requests: async () => requestsSchema.parse(JSON.parse(await send(socketPath, '/_lab/requests'))),
  }
}

/** The endpoint checks only the form of a signature. */
const AUTHORIZATION = 'AWS4-HMAC-SHA256 Credential=lab/20260101/region/ec2/aws4_request, Signature=0'

function send(socketPath: string, path: string, form?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const method = form === undefined ? 'GET' : 'POST'
    const sent = request(
      { socketPath, path, method, headers: { authorization: AUTHORIZATION }, agent: false },
      (response) => {
        bodyOf(response)
          .then((text) => {
            if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode} ${text}`)
            resolve(text)
          })
          .catch(reject)
      },
    )
    sent.once('error', reject)
    sent.end(form)
  })
}
