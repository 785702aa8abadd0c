// What Prometheus reads: the process, each route's times, and which level of the cache answered.
import prometheus from 'prom-client';

prometheus.collectDefaultMetrics();

const seconds = new prometheus.Histogram({
  name: 'http_request_seconds',
  help: 'Time from a request to the end of its answer',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
});

export const cacheAnswers = new prometheus.Counter({
  name: 'cache_answers_total',
  help: 'Cached reads by the level that answered them',
  labelNames: ['level'],
});

export function measureRequests(request, response, next) {
  const began = performance.now();
  response.once('finish', () => {
    const route = request.route === undefined ? 'none' : request.route.path;
    seconds.observe({ method: request.method, route, status: response.statusCode }, (performance.now() - began) / 1000);
  });
  next();
}

export async function showMetrics(request, response) {
  response.type(prometheus.register.contentType).send(await prometheus.register.metrics());
}
