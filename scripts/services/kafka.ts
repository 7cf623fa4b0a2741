import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ask } from './ask.ts'
import { run } from './run.ts'
import type { Service } from './service.ts'

const port = 9092
const controllerPort = 9093
/** Of the cluster: a data folder formatted with another one is refused. */
export const clusterId = 'YXVyYS1sb2NhbC1jbHVzdA'

/** One Kafka broker that is its own controller (KRaft), with the jars of Maven Central on Java 17. */
export const kafka: Service = {
  name: 'kafka',
  version: '4.2.0',
  port,
  setting: `KAFKA_BROKERS=127.0.0.1:${port}`,
  async install(software) {
    mkdirSync(software, { recursive: true })
    writeFileSync(join(software, 'pom.xml'), pom(this.version))
    const copy = ['dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=lib']
    await run('mvn', ['-q', '-B', ...copy], { cwd: software })
    rmSync(join(software, 'target'), { recursive: true, force: true })
  },
  async start({ software, data }) {
    const config = join(data, 'server.properties')
    writeFileSync(config, brokerProperties({ log: join(data, 'log'), port, controllerPort }))
    const jars = join(software, 'lib/*')
    const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', config]
    await run('java', ['-cp', jars, ...format, '--ignore-formatted'])
    return { program: 'java', words: brokerWords(jars, config) }
  },
  answers() {
    return brokerAnswers(port)
  },
}

/**
 * Whether a broker takes work: one that starts accepts connections first, then answers, and is given topics only
 * when its controller lists it. Asks for the brokers alone: Metadata, version 1, of no topic.
 *
 * @throws Error when nothing answers
 */
export async function brokerAnswers(at: number): Promise<boolean> {
  const request = Buffer.alloc(18)
  request.writeInt32BE(14, 0)
  request.writeInt16BE(3, 4)
  request.writeInt16BE(1, 6)
  request.writeInt32BE(1, 8)
  request.writeInt16BE(-1, 12)
  const answer = await ask(at, request)
  return answer.readInt32BE(4) === 1 && answer.readInt32BE(8) > 0
}

function pom(version: string): string {
  const needed = [
    artifact('org.apache.kafka', 'kafka_2.13', version),
    artifact('org.slf4j', 'slf4j-simple', '1.7.36'),
  ]
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
${artifact('aura', 'kafka', version)}
<dependencies>${needed.map((one) => `<dependency>${one}</dependency>`).join('')}</dependencies>
</project>
`
}

function artifact(group: string, name: string, version: string): string {
  return `<groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version>`
}

/** How a broker is started in the foreground. */
export function brokerWords(jars: string, config: string): readonly string[] {
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  return ['-Xms256m', '-Xmx512m', quiet, '-cp', jars, 'kafka.Kafka', config]
}

/**
 * The configuration of one node, nothing replicated; groups form without waiting for more members.
 *
 * @param of `advertisedPort`: where clients are sent; default the port itself
 */
export function brokerProperties({
  log,
  port,
  controllerPort,
  advertisedPort = port,
}: {
  readonly log: string
  readonly port: number
  readonly controllerPort: number
  readonly advertisedPort?: number
}): string {
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${advertisedPort}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': log,
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
  })
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}
