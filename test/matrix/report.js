/** What the run has found: a row for each app, a column for each database. */
export class Report {
  #rows = [];
  #remarks = new Set();
  #passed = 0;
  #failed = 0;
  #head;

  /** @param {string[]} head the names of what each app is told by */
  constructor(head) {
    this.#head = head;
  }

  /** @param {string[]} app as in the head @param {Record<string, string>} results by column */
  add(app, results) {
    this.#rows.push({ app, results });
    console.log(
      `${app.join(', ')}: ${Object.entries(results)
        .map(([column, result]) => `${column} ${result}`)
        .join('; ')}`,
    );
  }

  passed(result) {
    this.#passed += 1;
    return result;
  }

  failed(reason) {
    this.#failed += 1;
    this.remark(`FAILED: ${reason}`);
    return 'FAILED';
  }

  /**
   * @param {string} what is tried
   * @param {() => Promise<string>} work
   * @returns {Promise<string>} what it returns, or that it has failed
   */
  attempt(what, work) {
    return work().then(
      (result) => this.passed(result),
      (error) => this.failed(`${what}: ${error.message}`),
    );
  }

  /** Not tried, and not counted as passed. */
  skipped(reason) {
    this.remark(`Skipped: ${reason}`);
    return 'skipped';
  }

  remark(text) {
    this.#remarks.add(text);
  }

  get hasRows() {
    return this.#rows.length > 0;
  }

  get isGood() {
    return this.#failed === 0 && this.#passed > 0;
  }

  toString() {
    const columns = [...new Set(this.#rows.flatMap(({ results }) => Object.keys(results)))];
    const head = [...this.#head, ...columns];
    const lines = this.#rows.map(({ app, results }) => [...app, ...columns.map((column) => results[column] ?? '–')]);
    const table = [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
    return `${table}\n\n${[...this.#remarks, `${this.#passed} cells passed, ${this.#failed} failed.`].join('\n')}`;
  }
}
