/** The built program, run as a user runs it, against an endpoint of the test's own. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { Ec2Endpoint } from '../../src/lab/ec2/server.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
export const PROGRAM = join(ROOT, 'bin/vip-switch')

/** Another one of the program, to be damaged, or run by those who may not see this repository. Returns its path. */
export function copyProgram(directory: string): string {
  for (const folder of ['bin', 'dist']) cpSync(join(ROOT, folder), join(directory, folder), { recursive: true })
  return join(directory, 'bin/vip-switch')
}

export type Run = { exitCode: number | undefined; stdout: string; stderr: string }

/** An environment that reaches the endpoint, with nothing of this machine's AWS settings. */
export function environmentFor(endpoint: Ec2Endpoint | undefined, rest: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    // Neither a profile nor a metadata service of this machine is to be found by accident.
    HOME: '/nonexistent',
    AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:9',
    // Nor is this machine's history to be added to.
    STATE_DIRECTORY: '/dev/null/history',
    AWS_ACCESS_KEY_ID: 'lab',
    AWS_SECRET_ACCESS_KEY: 'lab',
    AWS_REGION: 'ap-northeast-1',
    ...(endpoint && { AWS_ENDPOINT_URL: endpoint.url }),
    ...rest,
  }
}

/** Runs the program to its end; a failing exit code is a result, not an error. */
export async function runProgram(values: readonly string[], env: NodeJS.ProcessEnv): Promise<Run> {
  const { exitCode, stdout, stderr } = await execa(PROGRAM, values, {
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  })
  return { exitCode, stdout, stderr }
}

/** The JSON lines of a log. */
export function logLines({ stderr }: Pick<Run, 'stderr'>): Record<string, unknown>[] {
  return stderr
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

/** The actions that the endpoint was asked for, in order. */
export function actionsOf(endpoint: Ec2Endpoint): string[] {
  return endpoint.requests.map((request) => request.action)
}
