import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { guide } from './guide/plugin.ts';
import { precompress } from './precompress.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

export default defineConfig({
  plugins: [react(), guide(repository), precompress()],
  // The SDK from its sources: one bundle, nothing of it twice.
  resolve: { conditions: ['source', 'module', 'browser', 'production', 'default'] },
  build: {
    outDir: 'dist/site',
    emptyOutDir: true,
    rolldownOptions: { input: { main: 'index.html', guide: 'src/guide/guide.ts' } },
    target: 'es2022',
    // As files of their own: data: addresses of scripts and styles are not in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 800,
    manifest: true,
  },
});
