// What most teams would write for this job: Fastify takes the webhook, Redis remembers the message id (SET NX EX), RabbitMQ keeps the message
// (persistent, publisher confirms), and only then 200. Two workers on one port. Made as fast as its libraries allow: raw body without a second
// parse, ioredis on a unix socket with auto-pipelining, one confirm channel per worker, no logger.
// Environment: PORT, SECRET, REDIS (socket path), AMQP (url), QUEUE, QUEUE_TYPE (classic, quorum), WORKERS.
'use strict'
const cluster = require('node:cluster')
const { createHmac, timingSafeEqual } = require('node:crypto')

const SECONDS_TO_REMEMBER = 8 * 86400

function isAuthentic (body, header) {
  if (typeof header !== 'string' || header.length !== 71 || !header.startsWith('sha256=')) return false
  const said = Buffer.from(header.slice(7), 'hex')
  return said.length === 32 && timingSafeEqual(said, createHmac('sha256', process.env.SECRET).update(body).digest())
}

function messagesOf (body) {
  const found = []
  for (const entry of body.entry) {
    for (const change of entry.changes) {
      for (const message of change.value.messages || []) {
        found.push({ id: message.id, text: JSON.stringify({ message, contact: change.value.contacts?.[0], metadata: change.value.metadata }) })
      }
    }
  }
  return found
}

async function worker () {
  const Redis = require('ioredis')
  const amqp = require('amqplib')
  const app = require('fastify')({ logger: false, bodyLimit: 3 * 1024 * 1024, keepAliveTimeout: 75000 })
  const redis = new (Redis.Redis || Redis)({ path: process.env.REDIS, enableAutoPipelining: true })
  const connection = await amqp.connect(process.env.AMQP)
  const channel = await connection.createConfirmChannel()
  const publish = (text, id) => new Promise((resolve, reject) => {
    channel.sendToQueue(process.env.QUEUE, Buffer.from(text), { persistent: true, messageId: id }, err => err ? reject(err) : resolve())
  })

  await channel.assertQueue(process.env.QUEUE, { durable: true, arguments: { 'x-queue-type': process.env.QUEUE_TYPE } })
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => done(null, body))
  app.post('/webhooks/whatsapp', async (request, reply) => {
    if (!isAuthentic(request.body, request.headers['x-hub-signature-256'])) return reply.code(401).send()
    const messages = messagesOf(JSON.parse(request.body))
    await Promise.all(messages.map(async ({ id, text }) => {
      const key = `seen:${id}`
      if (await redis.set(key, '1', 'EX', SECONDS_TO_REMEMBER, 'NX') !== 'OK') return
      try {
        await publish(text, id)
      } catch (err) {
        await redis.del(key)
        throw err
      }
    }))
    return reply.code(200).send()
  })
  await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
}

if (cluster.isPrimary) {
  for (let i = 0; i < Number(process.env.WORKERS || 2); i++) cluster.fork()
  cluster.on('exit', () => process.exit(1))
} else {
  worker().catch(err => {
    console.error(err)
    process.exit(1)
  })
}
