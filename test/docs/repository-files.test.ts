import { existsSync, globSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { SERVERS } from '../support/servers.js';

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Record<string, string>;
  readonly with?: Record<string, unknown>;
}

interface Job {
  readonly uses?: string;
  readonly needs?: string;
  readonly permissions?: Record<string, string>;
  readonly services?: Record<string, { readonly image: string; readonly env: Record<string, string>; readonly ports: readonly string[] }>;
  readonly env?: Record<string, string>;
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly on: Record<string, unknown>;
  readonly permissions: Record<string, string>;
  readonly jobs: Record<string, Job>;
}

interface IssueTemplate {
  readonly name: string;
  readonly description: string;
  readonly body: readonly { readonly type: string; readonly id?: string; readonly attributes: Record<string, string> }[];
}

// A key that is given twice is an error of the parser.
const read = <Content>(file: string) => parse(readFileSync(file, 'utf8'), { strict: true, uniqueKeys: true }) as Content;
const workflows = globSync('.github/workflows/*.yml').map((file) => [file, read<Workflow>(file)] as const);
const ofFile = (name: string) => workflows.find(([file]) => file.endsWith(name))![1];
const jobsIn = ({ jobs }: Workflow) => Object.entries(jobs);
const stepsIn = (workflow: Workflow) => jobsIn(workflow).flatMap(([, { steps = [] }]) => steps);
const commandsIn = (workflow: Workflow) => stepsIn(workflow).flatMap(({ run }) => run?.split('\n') ?? []);

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

describe.each(workflows)('%s', (_file, workflow) => {
  it('runs scripts that package.json has', () => {
    const run = commandsIn(workflow).flatMap((command) => /^npm run ([\w:-]+)/.exec(command)?.[1] ?? []);
    expect(run).not.toEqual([]);
    expect(run.filter((script) => !(script in scripts))).toEqual([]);
  });

  it('may only read, unless a job says more', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
  });

  it('uses actions at a version, workflows that are there, and jobs that it has', () => {
    expect(
      stepsIn(workflow)
        .flatMap(({ uses }) => uses ?? [])
        .filter((uses) => !/^[\w-]+\/[\w-]+@v\d+$/.test(uses)),
    ).toEqual([]);
    for (const [, { uses, needs }] of jobsIn(workflow)) {
      if (uses) expect(existsSync(uses)).toBe(true);
      if (needs) expect(Object.keys(workflow.jobs)).toContain(needs);
    }
  });

  it('installs before it runs scripts', () => {
    for (const [, { steps = [] }] of jobsIn(workflow)) {
      const commands = steps.flatMap(({ run }) => run ?? []);
      const first = commands.findIndex((command) => command.startsWith('npm run '));
      if (first !== -1) expect(commands.slice(0, first).some((command) => command.startsWith('npm install'))).toBe(true);
    }
  });
});

describe('the workflow of tests', () => {
  const ci = ofFile('/ci.yml');
  const { test } = ci.jobs;

  it('has a server for each database, where the tests look for it', () => {
    const asked = test!.env!.DATABASE!.split(',').filter((database) => database !== 'sqlite');
    expect(asked.toSorted()).toEqual(Object.keys(SERVERS).toSorted());
    expect(Object.keys(test!.services!).toSorted()).toEqual(asked.toSorted());
    const usual = { postgresql: '5432', mysql: '3306', mariadb: test!.env!.MARIADB_PORT };
    for (const [database, { ports, env, image }] of Object.entries(test!.services!)) {
      expect(ports[0]!.split(':')[0]).toBe(usual[database as keyof typeof usual]);
      expect(Object.entries(env).find(([name]) => /(DB|DATABASE)$/.test(name))?.[1]).toBe('test');
      expect(image).toMatch(/^\w+:\d/);
    }
  });

  it('does what the full run does first', () => {
    const full = readFileSync('.ci/run', 'utf8');
    for (const script of ['lint', 'check', 'check:package', 'docs:check']) {
      expect(full).toContain(`npm run ${script}`);
      expect(commandsIn(ci)).toContain(`npm run ${script}`);
    }
  });
});

describe('the workflow of a release', () => {
  const release = ofFile('/release.yml');
  const { publish } = release.jobs;

  it('publishes a tag of a version with provenance, after the tests', () => {
    expect(release.on).toEqual({ push: { tags: ['v*'] } });
    expect(release.jobs[publish!.needs!]!.uses).toBe('./.github/workflows/ci.yml');
    expect(ofFile('/ci.yml').on).toHaveProperty('workflow_call');
    expect(publish!.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
    const commands = publish!.steps!.flatMap(({ run }) => run ?? []);
    expect(commands.at(-1)).toBe('npm publish --provenance --access public');
    expect(commands.some((command) => command.includes('$GITHUB_REF_NAME'))).toBe(true);
  });
});

describe('the workflow of the site', () => {
  const pages = ofFile('/pages.yml');
  const { build, deploy } = pages.jobs;
  const uses = ({ steps = [] }: Job) => steps.flatMap((step) => step.uses?.split('@')[0] ?? []);

  it('publishes what the tests have looked at, for the path that GitHub Pages gives it', () => {
    expect(pages.on).toHaveProperty('push', { branches: ['main'] });
    expect(readFileSync('.ci/run', 'utf8')).toContain('npm run test:site');
    expect(commandsIn(pages)).toEqual(expect.arrayContaining(['npm run test:site', 'npm run site']));
    expect(build!.steps!.find(({ run }) => run === 'npm run site')!.env).toEqual({ SITE_BASE: '${{ steps.pages.outputs.base_path }}' });
    expect(build!.steps!.find(({ id }) => id === 'pages')!.uses).toMatch(/^actions\/configure-pages@/);
    expect(build!.steps!.at(-1)).toMatchObject({
      uses: expect.stringMatching(/^actions\/upload-pages-artifact@/),
      with: { path: 'build/site' },
    });
  });

  it('lets only the last job publish', () => {
    expect(build!.permissions).toEqual({ contents: 'read', pages: 'read' });
    expect(deploy).toMatchObject({ needs: 'build', permissions: { pages: 'write', 'id-token': 'write' } });
    expect(uses(deploy!)).toEqual(['actions/deploy-pages']);
  });
});

describe('the templates for issues', () => {
  const templates = globSync('.github/ISSUE_TEMPLATE/*.yml').filter((file) => !file.endsWith('config.yml'));

  it.each(templates)('%s has what GitHub wants', (file) => {
    const { name, description, body } = read<IssueTemplate>(file);
    expect([name, description].every((text) => text.length > 2)).toBe(true);
    const fields = body.filter(({ type }) => type !== 'markdown');
    expect(fields.map(({ id }) => id)).toEqual([...new Set(fields.map(({ id }) => id ?? 'without an id'))]);
    expect(fields.filter(({ attributes }) => !attributes.label)).toEqual([]);
  });

  it('send a vulnerability to a private report', () => {
    const { contact_links } = read<{ contact_links: { url: string }[] }>('.github/ISSUE_TEMPLATE/config.yml');
    const [, url] = /\((https:\S+)\)/.exec(readFileSync('SECURITY.md', 'utf8'))!;
    expect(contact_links.map((link) => link.url)).toContain(url);
  });
});
