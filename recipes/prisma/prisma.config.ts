import { defineConfig } from 'prisma/config';

export default defineConfig({
  schema: 'prisma/schema.prisma',
  // Prisma's migrations leave these tables alone.
  experimental: { externalTables: true },
  tables: { external: ['public.sessions', 'public.sessions_leases'] },
  ...(process.env.DATABASE_URL && { datasource: { url: process.env.DATABASE_URL } }),
});
