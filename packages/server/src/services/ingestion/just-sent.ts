/**
 * What was received within the latest millisecond, by project and id. A line is told from all others by its id and its
 * time of receipt, which has milliseconds: what has both in common with an earlier one must be noticed here.
 */
export interface JustSent<T> {
  /** Those of a project that were received at that moment, to be looked at and added to. */
  at(project: string, receivedAt: number): Map<string, T>;
}

export function createJustSent<T>(): JustSent<T> {
  let projects = new Map<string, Map<string, T>>();
  let latest = Number.NaN;
  return {
    at(project, receivedAt) {
      if (latest !== receivedAt) {
        projects = new Map();
        latest = receivedAt;
      }
      let sent = projects.get(project);
      if (sent === undefined) {
        sent = new Map();
        projects.set(project, sent);
      }
      return sent;
    },
  };
}
