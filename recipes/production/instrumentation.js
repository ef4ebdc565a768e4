// Start the app with: node --import ./instrumentation.js dist/main.js
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

// Prometheus reads http://127.0.0.1:9464/metrics. In a container, set HOST=0.0.0.0, and let no one but Prometheus reach this port.
const { HOST: host = '127.0.0.1', METRICS_PORT: port = '9464' } = process.env;
const reader = new PrometheusExporter({ host, port: Number(port) });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
