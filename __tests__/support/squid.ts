import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A proxy server that was not written here. */
export type Squid = {
  readonly port: number
  /** The hosts that it was asked to connect to, oldest first, each with what it answered. */
  readonly connects: () => readonly string[]
  readonly stop: () => Promise<void>
}

/** Where squid is installed; `undefined` when it is not. Debian has it outside of a user's path. */
export function findSquid(): string | undefined {
  return ['squid', '/usr/sbin/squid'].find((program) => spawnSync(program, ['--version']).status === 0)
}

/**
 * Starts squid on loopback. It connects to names below aliyuncs.com alone, all of which it takes for this machine,
 * and only for a user with this password.
 */
export async function startSquid(
  program: string,
  { user, password }: { readonly user: string; readonly password: string },
): Promise<Squid> {
  const folder = mkdtempSync(join(tmpdir(), 'squid-'))
  // Started by root, squid goes on as a user of its own.
  chmodSync(folder, 0o777)
  const port = await freePort()
  const accessLog = join(folder, 'access.log')
  const names = ['onsmqtt.cn-hangzhou', 'sts.cn-hangzhou', 'token'].map((name) => `${name}.aliyuncs.com`)
  writeFileSync(join(folder, 'hosts'), `127.0.0.1 ${names.join(' ')}\n`)
  writeFileSync(
    join(folder, 'authenticate.js'),
    `process.stdin.on('data', (lines) => {
      for (const line of String(lines).trim().split('\\n')) {
        const given = line.split(' ').map(decodeURIComponent)
        const known = ${JSON.stringify([user, password])}
        console.log(given[0] === known[0] && given[1] === known[1] ? 'OK' : 'ERR')
      }
    })\n`,
  )
  const config = join(folder, 'squid.conf')
  writeFileSync(
    config,
    `http_port 127.0.0.1:${port}
pid_filename none
hosts_file ${join(folder, 'hosts')}
cache deny all
cache_mem 8 MB
access_log stdio:${accessLog}
cache_log /dev/stderr
coredump_dir ${folder}
netdb_filename none
buffered_logs off
shutdown_lifetime 0 seconds
auth_param basic program ${process.execPath} ${join(folder, 'authenticate.js')}
auth_param basic children 1
acl ours dstdomain .aliyuncs.com
acl known proxy_auth REQUIRED
http_access deny !ours
http_access allow known
http_access deny all
`,
  )
  // 1: important messages, among them the one that it listens.
  const squid = spawn(program, ['-N', '-d', '1', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  await saidToListen(squid)
  return {
    port,
    connects: () =>
      readFileSync(accessLog, 'utf8')
        .split('\n')
        .flatMap((line) => {
          const [, status, host] = /\S+\/(\d{3}) \d+ CONNECT (\S+)/.exec(line) ?? []
          return status === undefined || host === undefined ? [] : [`${host} ${status}`]
        }),
    stop: async () => {
      const exited = once(squid, 'exit')
      squid.kill('SIGTERM')
      await exited
      squid.stderr.destroy()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function saidToListen(squid: ChildProcess): Promise<void> {
  let said = ''
  return new Promise((resolve, reject) => {
    squid.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('Accepting HTTP Socket connections')) resolve()
    })
    squid.on('exit', () => {
      reject(new Error(`squid did not come up: ${said}`))
    })
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
