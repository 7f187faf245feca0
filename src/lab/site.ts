/** Where the nodes of a lab are: what keepalived is there, and what lies between the nodes, and between them and EC2. */
import type { Seed } from './ec2/seed/seed.ts'
import type { EndpointControl } from './endpoint-control.ts'
import type { Keepalived, KeepalivedOptions } from './keepalived.ts'
import type { LabNode } from './scene.ts'

/** What can be cut: the adverts on their way to a node, or a node's path to the EC2 API. Packets are lost in silence. */
export type Way = 'adverts' | 'ec2'

export type SiteEndpoint = {
  readonly control: EndpointControl
  /** What lets a program on the node find EC2 and its instance metadata. */
  envOf(node: LabNode): NodeJS.ProcessEnv
}

export type Site = {
  /** The built program. */
  readonly bin: string
  /** What holds the elections, for people: `keepalived v2.2.7`. */
  readonly keepalived: string
  /** Where EC2 and IMDS are, for people; once they are started. */
  readonly ec2: string
  /** How adverts are cut, for people. */
  readonly cutting: string
  /** Starts EC2; it ends with the site. @throws an error with the reason */
  startEndpoint(directory: string, seed: Seed): Promise<SiteEndpoint>
  startKeepalived(node: LabNode, options: KeepalivedOptions): Promise<Keepalived>
  /** The command that runs another on a node, as the same process. */
  command(node: LabNode, command: readonly string[]): readonly string[]
  /** Cuts a way that is open, or opens one that is cut. @throws an error with the reason if it cannot */
  setCut(node: LabNode, way: Way, isCut: boolean): void
  /** Ends what belongs to no node, and removes what was created. */
  remove(): Promise<void>
}
