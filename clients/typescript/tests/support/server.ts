/** The real binary on a folder of its own: `MARTLET` names it, else it is the debug build of this repository. */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const BINARY = process.env['MARTLET'] ?? join(ROOT, 'target/debug/martlet')
const SECRET = 'only for tests: thirty-two bytes or more'
/** A start that takes longer is a failure, and its output is shown. */
const START_MAX_MS = 60_000

export class Server {
  readonly folder = mkdtempSync(join(tmpdir(), 'martlet-live-'))
  url = ''
  readonly #environment: Record<string, string>
  #child: ChildProcess | undefined
  #output = ''

  /** A copy of an example with a thousandth of its rows; `change` may write into it before the start. */
  static async start(example: string, options: { change?: (folder: string) => void; environment?: Record<string, string> } = {}): Promise<Server> {
    const server = new Server(options.environment ?? {})
    for (const part of ['migrations', 'queries', 'actions', 'public', 'seed.sql', 'martlet.toml']) {
      cpSync(join(ROOT, 'examples', example, part), join(server.folder, part), { recursive: true })
    }
    options.change?.(server.folder)
    for (const args of [['migrate', server.folder], ['seed', server.folder, '--scale', '0.001']]) execFileSync(BINARY, args, { stdio: 'pipe' })
    await server.up()
    return server
  }

  private constructor(environment: Record<string, string>) {
    this.#environment = environment
  }

  /** Starts it, on its old port if it had one. */
  async up(): Promise<void> {
    const listen = this.url ? new URL(this.url).host : '127.0.0.1:0'
    const child = spawn(BINARY, ['serve', this.folder, '--listen', listen], {
      env: { ...process.env, NO_COLOR: '1', MARTLET_AUTH_JWT_SECRET: SECRET, ...this.#environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    this.url = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the server did not start:\n${this.#output}`)), START_MAX_MS)
      const gather = (bytes: Buffer): void => {
        this.#output += bytes.toString()
        const url = / at (http:\/\/[0-9.:]+)/.exec(this.#output.slice(start))?.[1]
        if (!url) return
        clearTimeout(timer)
        resolve(url)
      }
      const start = this.#output.length
      child.stdout.on('data', gather)
      child.stderr.on('data', gather)
      child.on('exit', (code) => {
        clearTimeout(timer)
        reject(new Error(`the server has ended with ${code}:\n${this.#output}`))
      })
    })
  }

  /** Stops it, politely or not. */
  async down(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.on('exit', resolve))
    child.kill(signal)
    await ended
  }

  async stop(): Promise<void> {
    await this.down('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A token that this server takes, of a user by number. */
  token(user: number, { seconds = 3_600, ...claims }: Record<string, unknown> & { seconds?: number } = {}): string {
    const now = Math.floor(Date.now() / 1_000)
    const sub = `00000000-0000-4000-8000-${user.toString(16).padStart(12, '0')}`
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const said = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, role: 'authenticated', aud: 'authenticated', exp: now + seconds, ...claims })}`
    return `${said}.${createHmac('sha256', SECRET).update(said).digest('base64url')}`
  }
}
