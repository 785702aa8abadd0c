// An answer that is not 2xx, and the one place that writes it.

export class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// Express knows an error handler by its four parameters.
export function answerProblem(error, request, response, _next) {
  const status = error.status ?? 500;
  if (status >= 500) console.error(error);
  response.status(status).json({ message: status >= 500 ? 'internal error' : error.message });
}
