/** Which methods a path has, for answering 405 with `Allow` where the method alone is wrong. */
export interface AllowedMethods {
  add(method: string, pattern: string): void;
  of(path: string): readonly string[];
}

export function createAllowedMethods(): AllowedMethods {
  const routes: { readonly method: string; readonly segments: readonly string[] }[] = [];
  return {
    add(method, pattern) {
      routes.push({ method, segments: pattern.split('/') });
    },
    of(path) {
      const segments = path.split('/');
      const methods = new Set<string>();
      for (const route of routes) {
        const fits =
          route.segments.length === segments.length &&
          route.segments.every((part, at) => part.startsWith(':') || part === segments[at]);
        if (!fits) continue;
        methods.add(route.method);
        if (route.method === 'GET') methods.add('HEAD');
      }
      return [...methods];
    },
  };
}
