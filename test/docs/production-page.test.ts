import { readFileSync } from 'node:fs';
import * as api from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { parse } from 'yaml';
import { withoutSession } from '../../recipes/production/session.options.js';
import { OPTIONS } from '../../src/options/option-table.js';
import type { BatchKind, DestroyReason } from '../../src/observers/session-observers.js';
import { INSTRUMENTS } from '../../src/telemetry/instruments.js';
import { SessionTelemetry } from '../../src/telemetry/session-telemetry.js';
import { readPage } from '../support/markdown.js';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly action: string };
}

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

/** The values of each label of each metric. */
type Emitted = Map<string, Map<string, Set<string>>>;

const read = (name: string) => readFileSync(`recipes/production/${name}`, 'utf8');
const { groups } = parse(read('alerts.yml'), { strict: true, uniqueKeys: true }) as { groups: { rules: Alert[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);
const { panels } = JSON.parse(read('dashboard.json')) as { panels: Panel[] };

const REASONS: Record<DestroyReason, true> = {
  logout: true,
  replaced: true,
  revoked: true,
  evicted: true,
  refused: true,
  unreadable: true,
};
const KINDS: Record<BatchKind, true> = { load: true, commit: true, update: true, touch: true };

/** Lets the telemetry of this package record everything, and reads it as Prometheus does. */
async function emitted(): Promise<Emitted> {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  api.metrics.setGlobalMeterProvider(new MeterProvider({ readers: [exporter] }));
  await recordAll(new SessionTelemetry(api));
  const { resourceMetrics } = await exporter.collect();
  api.metrics.disable();
  const found: Emitted = new Map();
  for (const [, name, labels] of new PrometheusSerializer().serialize(resourceMetrics).matchAll(/^(\w+)\{(.*)\} /gm)) {
    const values = found.get(name!) ?? new Map<string, Set<string>>();
    for (const [label, value] of pairsIn(labels!)) values.set(label, (values.get(label) ?? new Set()).add(value));
    found.set(name!, values);
  }
  return found;
}

async function recordAll(telemetry: SessionTelemetry): Promise<void> {
  const fails = () => Promise.reject(new Error('refused'));
  for (const found of [{}, undefined]) await telemetry.load(async () => found);
  await telemetry.load(fails).catch(() => {});
  for (const kind of ['committed', 'gone', 'unstored']) await telemetry.commit(async () => ({ kind }));
  await telemetry.commit(fails).catch(() => {});
  const two = [telemetry.current(), telemetry.current()];
  for (const kind of Object.keys(KINDS) as BatchKind[]) await telemetry.batch(kind, two, async () => {});
  for (const reason of Object.keys(REASONS) as DestroyReason[]) telemetry.destroyed(undefined, reason);
  telemetry.created();
  telemetry.expired();
  telemetry.merged();
  telemetry.conflicted();
  telemetry.retried();
}

const pairsIn = (labels: string) => [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label!, value!] as const);

/** The parts of a query that the telemetry does not have. */
function unknownIn(expr: string, legend: string, metrics: Emitted): string[] {
  const grouping = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels]) => labels!.split(/, */));
  const used = [...expr.replaceAll(/\bby \([^)]*\)/g, '').matchAll(/(smart_session_\w+)(?:\{([^}]*)\})?/g)];
  const names = used.map(([, name]) => name!);
  const labels = [...grouping, ...[...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!)];
  return [
    ...names.filter((name) => !metrics.has(name)),
    ...used.flatMap(([, name, text]) =>
      pairsIn(text ?? '')
        .filter(([label, value]) => !metrics.get(name!)?.get(label)?.has(value))
        .map(([label, value]) => `${name}{${label}="${value}"}`),
    ),
    ...names.flatMap((name) => labels.filter((label) => !metrics.get(name)?.has(label)).map((label) => `${label} of ${name}`)),
  ];
}
const queries = [
  ...alerts.map(({ alert, expr }) => [alert, expr, ''] as const),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr, legendFormat }) => [title, expr, legendFormat] as const)),
];

describe('the alerts and the dashboard for production', () => {
  let metrics: Emitted;
  beforeAll(async () => {
    metrics = await emitted();
  });

  it.each(queries)('%s asks for metrics, labels and values that are emitted', (_title, expr, legend) => {
    expect(expr).toContain('smart_session_');
    expect(unknownIn(expr, legend, metrics)).toEqual([]);
  });

  it('shows every metric on the dashboard', () => {
    const shown = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n');
    const names = Object.values(INSTRUMENTS).map(({ name }) => name.replaceAll('.', '_'));
    expect(names.filter((name) => !new RegExp(`\\b${name}(_(total|bucket|sum|count))?\\b`).test(shown))).toEqual([]);
  });

  it('says of every alert how urgent it is, what happened and what to do', () => {
    for (const { labels, annotations } of alerts) {
      expect(['critical', 'warning']).toContain(labels.severity);
      expect([annotations.summary, annotations.action].filter((text) => !text.endsWith('.'))).toEqual([]);
    }
  });

  it('lists every alert on the page, with its severity', () => {
    const rows = [...readPage('docs/production.md').text.matchAll(/^\| `(Session\w+)` \| (\w+) \|/gm)];
    expect(rows.map(([, name, severity]) => [name, severity])).toEqual(alerts.map(({ alert, labels }) => [alert, labels.severity]));
  });
});

/** The part of a Deployment of Kubernetes that the tests look at. */
interface Deployment {
  readonly spec: {
    readonly template: { readonly spec: { readonly terminationGracePeriodSeconds: number; readonly containers: readonly Container[] } };
  };
}

interface Container {
  readonly command: readonly string[];
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
}

interface Probe {
  readonly httpGet: { readonly path: string };
  readonly timeoutSeconds: number;
}

describe('the times and paths of the recipe for production', () => {
  const { spec } = (parse(read('deployment.yml'), { strict: true, uniqueKeys: true }) as Deployment).spec.template;
  const { command, lifecycle, readinessProbe, livenessProbe } = spec.containers[0]!;
  const numberIn = (file: string, pattern: RegExp) => Number(pattern.exec(read(file))![1]);
  const readTimeout = numberIn('nginx.conf', /proxy_read_timeout (\d+)s;/);

  it('waits longer for the end of a process than a request may take', () => {
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(lifecycle.preStop.sleep.seconds + readTimeout);
  });

  it('waits longer for a response than for a load and a commit', () => {
    expect(readTimeout * 1000).toBeGreaterThan(2 * OPTIONS.timeout.default);
  });

  it('checks the database for a shorter time than the probe waits', () => {
    expect(readinessProbe.timeoutSeconds * 1000).toBeGreaterThan(numberIn('health.controller.ts', /timeout: (\d+)/));
  });

  it('asks only routes without a session', () => {
    expect([livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path)).toEqual(withoutSession.map((path) => `/${path}`));
  });

  it('starts the app as the page says', () => {
    expect(readPage('docs/production.md').text).toContain(`\n    ${command.join(' ')}\n`);
  });
});
