// For webpack and for rspack. MikroORM 6 does not run when webpack has minified it.
const external = require('./external.json');

module.exports = {
  mode: 'production',
  target: 'node',
  entry: './dist/main.js',
  output: { path: __dirname, filename: process.env.OUTFILE, asyncChunks: false },
  externals: [
    ({ request }, done) =>
      external.some((name) => request === name || request.startsWith(`${name}/`)) ? done(null, `commonjs ${request}`) : done(),
  ],
  optimization: { minimize: false },
  stats: 'errors-only',
};
