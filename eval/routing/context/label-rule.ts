import type { LabelledTask } from '../dataset.ts'

/**
 * The rule by which the context evaluation labels its tasks, written down before anything was trained:
 *
 * - A clear text, of three domains of a public data set, belongs to its domain's agent, whatever happens
 *   in the metrics.
 * - An unclear text belongs to `incident` when it comes at the end of a window that NAB's authors labelled
 *   as anomalous, and to `support` when it comes in a calm stretch of the same series.
 *
 * There are as many clear tasks as unclear ones, so half of the labels depend on the context. The router
 * sees no label of a window: its context is what the detector of `src/tda` found in it.
 */
export function labelOf(text: EvaluationText, isAnomalous: boolean): string {
  if (text.agent !== null) return text.agent
  return isAnomalous ? 'incident' : 'support'
}

/** `agent` is null for a text that the context has to decide. */
export interface EvaluationText {
  readonly text: string
  readonly agent: string | null
}

const unclear = `
the checkout feels slow
pages take long to load today
some users see errors
the numbers on the dashboard look odd
requests to the shop hang now and then
customers say that the site is sluggish
is something wrong with the service
the graph of the host goes up and down
response times are not what they were
people complain that the app stutters
we have a strange load on the machine
a few calls run into a timeout
traffic looks different from yesterday
the cpu seems busy
what is going on with the latency
orders come in slower than usual
the api answers late for some clients
there are fewer logins than I expected
the job takes longer than last week
somebody says that the page stays blank
the network of the node is lively
could you look at the response times
the service behaves in a funny way
uploads get stuck from time to time
a user reports that search is slow
the temperature curve looks unusual
throughput is lower than we are used to
it feels as if the database were tired
the queue seems longer than normal
our partner says that calls fail at times
the service answers late
errors show up in the log of the app
users wait long for the dashboard
the load on the server is not what it was
something is odd with the traffic
the latency graph has a bump
the site hangs for a few users
timeouts appear in the client now and then
the machine is busier than yesterday
a customer sees a blank page
search results come in late
the response of the api is funny today
logins take longer than they did
the host feels slow this morning
the shop shows errors at times
people say that the service is not itself
requests pile up in the queue
the database answers slower than usual
downloads from the site stutter
the metric of the network goes up
our app hangs on the first page
is the server all right
the dashboard looks different today
some calls to the service get no answer
the temperature of the machine is strange
fewer requests reach the host than I expected
the checkout shows an error for one client
the cpu graph looks unusual
the page of orders loads forever
throughput of the api went down a bit
the traffic on our servers is unusual
network traffic looks odd in the graphs
a machine in the cluster behaves strangely
the service feels tired today
users report timeouts in the app
the error rate looks a bit different
why is the app so slow
why does the site take so long to load
is anything wrong with the api
what happened to the response times
the website is down for some people
somebody cannot reach the service
the dashboard shows a strange curve
the curve of the cpu has a bump
memory of the host grows slowly
disk writes look unusual on that node
the web shop answers slowly
clients lose their connection now and then
the mobile app freezes for some users
the page shows an error after a while
we get complaints about slow pages
customers cannot finish the checkout
orders hang in the queue
messages arrive late in the app
the stream of events is thinner than usual
the cluster is under an odd load
load on the web servers is higher than last week
our monitoring shows something strange
the metrics of the service look wrong
the values on the sensor jump
sensor readings differ from last week
requests fail for a handful of users
some jobs never finish
the nightly job is late
the batch runs longer than it should
the server room is warmer than usual
speed of the service varies a lot
pages time out for users abroad
the login page is slow
the shop is slow for customers
there is a dip in the number of orders
the number of requests looks off
visits dropped since the morning
the counter of clicks jumps around
advertising clicks look unusual
`

/** The unclear texts; every third is for testing. */
export function unclearTexts(isTest: boolean): readonly EvaluationText[] {
  return unclear
    .trim()
    .split('\n')
    .filter((_, n) => (n % 3 === 2) === isTest)
    .map((text) => ({ text, agent: null }))
}

/** As many clear texts: tasks of the first three domains of a data set, in turn. */
export function clearTexts(
  part: readonly LabelledTask[],
  count: number,
): readonly EvaluationText[] {
  const domains = [...new Set(part.map(({ agent }) => agent))].sort().slice(0, 3)
  const tasks = domains.map((domain) => part.filter(({ agent }) => agent === domain))
  return Array.from({ length: count }, (_, n) => {
    const ofDomain = tasks[n % tasks.length]!
    // Far apart, since neighbours in a file are of one intent.
    return ofDomain[(Math.floor(n / tasks.length) * 17) % ofDomain.length]!
  })
}
