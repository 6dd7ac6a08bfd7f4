'use strict'

// Every call of the real SDK against a running Patron. Variables: HOST, PATH_OF_BATCH, WRITE_KEY, and RUN, which makes the ids of this run.
// FLAKY=1 loses the answer of each first try, as a network does: the SDK then sends the same batch again.
const { Analytics } = require('@segment/analytics-node')

const { HOST, PATH_OF_BATCH, WRITE_KEY, RUN, FLAKY } = process.env
let tries = 0

class LosesAnswers {
  async makeRequest(request) {
    const response = await fetch(request.url, { method: request.method, headers: request.headers, body: request.body })
    const answer = await response.text()
    tries++
    console.log(`answer ${response.status} ${answer}`)
    if (FLAKY === '1' && tries % 2 === 1) throw new Error('the answer was lost')
    return response
  }
}

async function main() {
  const analytics = new Analytics({
    host: HOST, path: PATH_OF_BATCH, writeKey: WRITE_KEY, flushAt: 5, maxRetries: 4, httpClient: new LosesAnswers(),
  })
  analytics.on('error', (error) => console.log(`error ${error.code} ${error.reason}`))
  const userId = `user-${RUN}`
  const anonymousId = `device-${RUN}`

  analytics.page({ anonymousId, name: 'Home', properties: { path: '/', url: 'https://shop.example/' } })
  analytics.track({ anonymousId, event: 'Product Viewed', properties: { product_id: '85123A', price: 15.3 } })
  analytics.identify({
    userId, anonymousId,
    traits: { email: `${RUN}@example.com`, phone: '+852 9123 4567', firstName: 'Mei Ling', lastName: 'Chan', address: { country: 'hk', city: 'Kowloon' } },
  })
  analytics.alias({ userId, previousId: `old-${RUN}` })
  analytics.group({ userId, groupId: 'g-1', traits: { name: 'Friends of linen' } })
  analytics.screen({ userId, name: 'Wallet' })
  analytics.track({
    userId, event: 'Order Completed',
    properties: {
      order_id: `o-${RUN}`, currency: 'HKD', total: 35.9, shipping: 5, discount: 1.5,
      products: [{ product_id: '85123A', price: 15.3, quantity: 2 }, { sku: '22423', product_id: 'x', price: 1.8 }],
    },
  })
  analytics.track({ userId, event: 'Order Refunded', properties: { order_id: `o-${RUN}`, currency: 'HKD', products: [{ product_id: '85123A', price: 15.3 }] } })
  analytics.track({ userId, event: 'Never Registered', properties: { a: 1 } })
  for (let i = 0; i < 20; i++) analytics.track({ userId, event: 'Product Added', properties: { product_id: `p-${i}`, quantity: 1 } })
  await analytics.flush({ timeout: 30000 })
  console.log(`done ${tries} tries`)
}

main().catch((error) => {
  console.log(`failed ${error.stack}`)
  process.exitCode = 1
})
