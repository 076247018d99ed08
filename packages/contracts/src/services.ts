/** The five services and the port that each listens on unless configured otherwise. */
export const defaultPorts = {
  ingestion: 8001,
  analytics: 8002,
  alerting: 8003,
  dashboard: 8004,
  storage: 8005,
} as const;

export type ServiceName = keyof typeof defaultPorts;
export const serviceNames = Object.keys(defaultPorts) as ServiceName[];
