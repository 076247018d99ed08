import { StreamFlowApiError } from '@streamflow/client';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { router } from './app/router.tsx';
import { followSystemTheme } from './app/theme.ts';
import './app/tokens.css';
import './app/shell.css';
import './ui/ui.css';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What the server said is said; only silence is worth asking again.
      retry: (failures, error) =>
        failures < 2 && (!(error instanceof StreamFlowApiError) || error.status === 0 || error.status > 500),
      retryDelay: (failures) => 1000 * 2 ** failures,
      staleTime: 5000,
      // A page in the background costs nothing; it is fresh again as soon as it is looked at.
      refetchIntervalInBackground: false,
    },
  },
});

followSystemTheme();
const root = document.getElementById('root');
if (root === null) throw new Error('The page has no place for the dashboard');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
