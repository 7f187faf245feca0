/** What simulated nodes send each other, by way of the lab. */
import * as z from 'zod'

const packet = z.object({
  /** The sender's address. */
  from: z.ipv4(),
  /** Undefined: the sender only tells the lab where it listens. */
  advert: z.object({ instance: z.string(), priority: z.int().min(0).max(255) }).optional(),
})

export type Packet = z.infer<typeof packet>

export function packetText(content: Packet): string {
  return JSON.stringify(content)
}

/** Undefined if it is none of ours: any process of this machine can send to a port. */
export function parsePacket(text: string): Packet | undefined {
  try {
    return packet.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
