// Start the app with: node --import ./instrumentation.js dist/main.js
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

// Prometheus reads http://<host>:9464/metrics. Do not let the proxy pass this port on.
const reader = new PrometheusExporter({ port: Number(process.env.METRICS_PORT ?? 9464) });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
